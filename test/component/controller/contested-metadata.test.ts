import assert from 'node:assert/strict'
import { test } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { startControllerFixture, type WriteHook } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const patience = { timeoutMs: 40_000, intervalMs: 20 }

/** Some writes are made whatever happens; a fight makes dozens in a second. */
const mostWrites = 8

test('a label that another hand takes off the Secret each time is not fought for without end', async (t) => {
  const fixture = await startControllerFixture(t, { config: { allowedSecretLabels: ['team'] } })
  let writes = 0
  let isTakenOff = true
  const takeOff: WriteHook = async (moment, _call, subject) => {
    if (moment !== 'after' || subject?.name !== `${name}-signing-secret`) return
    writes += 1
    if (isTakenOff) {
      await fixture.client.patch<Secret>(
        secretKind,
        subject,
        { metadata: { labels: { team: null } } },
        { type: 'merge' },
      )
    }
  }
  await fixture.startController(takeOff)
  await fixture.putApiKey()
  await fixture.apply(name, { signingSecret: { labels: { team: 'ml' } } })
  await fixture.untilCondition(name, 'Ready', { status: 'True' })
  const looks = () => fixture.calls().counts.list.received
  const before = looks()
  await eventually('some looks later', () => looks() >= before + 3, patience)
  assert.ok(writes <= mostWrites, `${writes} writes of the Secret, not at most ${mostWrites}`)

  isTakenOff = false
  await fixture.patch(name, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: 'it has stopped' } } })
  const label = async () => (await fixture.targetSecret(name))?.metadata.labels?.['team']
  await eventually('the label is back, as asked', async () => (await label()) === 'ml', patience)
})
