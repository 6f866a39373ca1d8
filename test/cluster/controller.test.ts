import assert from 'node:assert/strict'
import { test } from 'node:test'

import { startControllerFixture } from '../support/controller-fixture.ts'
import { applyCrd, withRealApiServer } from '../support/real-api-server.ts'

await withRealApiServer('the controller on a real API server', (server) => {
  test('registers, proves, rotates on request, repairs and deletes', async (t) => {
    const running = server()
    await applyCrd(running)
    const fixture = await startControllerFixture(t, { kubeconfigPath: running.kubeconfigPath })
    await fixture.startController()
    await fixture.putApiKey()
    await fixture.apply('batch-events', { displayName: 'nightly' })
    const ready = await fixture.untilCondition('batch-events', 'Ready', { status: 'True' })
    assert.equal(fixture.calls().counts.create.received, 1)
    assert.equal(await fixture.secretVerifiesNextDelivery('batch-events'), true)
    t.diagnostic(`resourceVersion ${ready.metadata.resourceVersion}`)

    await fixture.patch('batch-events', { spec: { rotation: { request: { id: 'first' } } } })
    await fixture.untilCondition('batch-events', 'SecretAvailable', { status: 'True' })

    await fixture.remove('batch-events')
    await fixture.untilGone('batch-events')
    assert.deepEqual(fixture.remotes(), [])
    assert.equal(await fixture.targetSecret('batch-events'), undefined)
  })
})
