import assert from 'node:assert/strict'
import { test } from 'node:test'

import { secretKind } from '../../src/kubernetes/core-kinds.ts'
import { decode, home, startControllerFixture, tenant } from '../support/worlds/controller-fixture.ts'
import { eventually } from '../support/measures/eventually.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const name = 'batch-events'

await withRealApiServer('the controller on a real API server, under the roles that ship', (server) => {
  test('registers, proves, rotates on request, restores and deletes', async (t) => {
    const running = server()
    await applyCrds(running)
    const fixture = await startControllerFixture(t, {
      kubeconfigPath: running.kubeconfigPath,
      controllerKubeconfig: () => running.kubeconfigForServiceAccount(home, 'gwh-controller'),
    })
    const applied = await running.kubectl(['apply', '-f', 'deploy/rbac/controller.yaml'])
    assert.equal(applied.code, 0, applied.stderr)
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply(name, { displayName: 'nightly' })
    const theirs = { labels: { team: 'search' }, annotations: { note: 'of somebody' } }
    await fixture.patch(name, { metadata: theirs })
    const ready = await fixture.untilCondition(name, 'Ready', { status: 'True' })
    // The controller keeps neither, and its writes of the status carry none.
    assert.deepEqual(ready.metadata.labels, theirs.labels)
    assert.deepEqual(ready.metadata.annotations, theirs.annotations)
    assert.equal(fixture.calls().counts.create.received, 1)
    assert.equal(await fixture.secretVerifiesNextDelivery(name), true)

    await fixture.patch(name, { spec: { rotation: { request: { id: 'first' } } } })
    await eventually('rotated', async () => {
      const status = (await fixture.get(name))?.status
      return status?.rotation?.handledRequestIDs?.includes('first') === true && status.operation === undefined
    })
    assert.equal(await fixture.secretVerifiesNextDelivery(name), true)

    const current = decode((await fixture.targetSecret(name))?.data?.['signing-secret'])
    await fixture.client.delete(secretKind, { namespace: tenant, name: `${name}-signing-secret` })
    await eventually(
      'restored',
      async () => decode((await fixture.targetSecret(name))?.data?.['signing-secret']) === current,
    )

    await fixture.remove(name)
    await fixture.untilGone(name)
    assert.deepEqual(fixture.remotes(), [])
    assert.equal(await fixture.targetSecret(name), undefined)
  })
})
