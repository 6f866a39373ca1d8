import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isDocumented } from '../../../../src/api/reasons.ts'
import type { Condition } from '../../../../src/api/status.ts'
import type { NeighboursView } from '../../../../src/controller/facts/observed.ts'
import type { Finding } from '../../../../src/controller/plan/result.ts'
import { withNeighbours } from '../../../../src/controller/status/with-neighbours.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-30T12:00:00Z')
const atRest: Finding = { type: 'AtRest', reason: 'Succeeded', message: '' }
const working: Finding = { type: 'Progressing', reason: 'Progressing', message: '' }
const stalled: Finding = { type: 'Stalled', reason: 'Drifted', message: '' }
const rested = aWebhook().registered()
const seen = (namespaces: number, settled = true) => ({ namespaces, settled })

interface Given {
  neighbours?: NeighboursView
  before?: readonly Condition[]
  finding?: Finding
  webhook?: typeof rested
  observed?: ReturnType<typeof anObservation>
}

function after({ neighbours, before = [], finding = atRest, webhook = rested, observed = anObservation() }: Given) {
  const object = webhook.build()
  const seenNow = observed.with(neighbours === undefined ? {} : { neighbours }).build()
  return withNeighbours(before, { webhook: object, observed: seenNow, draft: object.status ?? {} }, { finding, nowMs })
}

/** What the condition said in the pass before. */
const told = (namespaces: number) => after({ neighbours: seen(namespaces) })
const messageOf = (conditions: readonly Condition[]) =>
  conditions.find(({ type }) => type === 'ProjectShared')?.message ?? 'absent'

const numbers: [namespaces: number, says: RegExp][] = [
  [0, /^absent$/],
  [1, /^webhooks of 1 other namespace live/],
  [2, /^webhooks of 2 other namespaces live/],
  [10, /^webhooks of 10 other namespaces live/],
  [11, /^webhooks of more than 10 other namespaces live/],
  [100, /^webhooks of more than 10 other namespaces live/],
  [101, /^webhooks of more than 100 other namespaces live/],
]
for (const [namespaces, says] of numbers) {
  test(`${namespaces} other namespaces are told as ${String(says)}`, () => {
    const conditions = told(namespaces)
    assert.match(messageOf(conditions), says)
    for (const condition of conditions) assert.ok(isDocumented(condition), JSON.stringify(condition))
  })
}

test('the same said again is the same condition: nothing is written', () => {
  const before = told(3)
  assert.deepEqual(after({ neighbours: seen(3), before }), before)
  assert.deepEqual(messageOf(after({ neighbours: seen(50), before: told(11) })), messageOf(told(11)))
})

test('more and fewer are told, and none ends the condition', () => {
  assert.match(messageOf(after({ neighbours: seen(4), before: told(3) })), / 4 other/)
  assert.match(messageOf(after({ neighbours: seen(2), before: told(3) })), / 2 other/)
  assert.equal(messageOf(after({ neighbours: seen(0), before: told(3) })), 'absent')
})

test('that the condition lasts keeps the time since when', () => {
  const [before] = told(3)
  assert.ok(before !== undefined)
  const since = { ...before, lastTransitionTime: '2026-11-01T00:00:00Z' }
  const [now] = after({ neighbours: seen(4), before: [since] })
  assert.equal(now?.lastTransitionTime, since.lastTransitionTime)
})

const keeping: [name: string, given: Given][] = [
  ['a first list that may lag', { neighbours: seen(0, false) }],
  ['steps under way', { neighbours: seen(0), finding: working }],
  ['a list that failed', { neighbours: seen(0), observed: anObservation().remoteFails() }],
  [
    'a pass that asks nothing',
    { neighbours: seen(0), observed: anObservation().with({ remote: { state: 'notAsked' } }) },
  ],
  ['a key that is missing', {}],
  ['a deletion', { neighbours: seen(0), webhook: rested.deleting() }],
  ['a webhook that is made again', { neighbours: seen(0), finding: working, webhook: aWebhook().finalized() }],
]
for (const [name, given] of keeping) {
  test(`${name} leaves what was said`, () => {
    const before = told(3)
    assert.deepEqual(after({ ...given, before }), before)
  })
}

test('what was never told is told from the first list', () => {
  assert.match(messageOf(after({ neighbours: seen(2, false) })), / 2 other/)
})

test('it is told while somebody has to see to something else', () => {
  assert.match(messageOf(after({ neighbours: seen(2), finding: stalled })), / 2 other/)
})

test('it ends when the installation does not want it told, whatever goes on, and when no webhook is registered', () => {
  const before = told(3)
  assert.equal(messageOf(after({ neighbours: 'off', finding: working, before })), 'absent')
  assert.equal(messageOf(after({ neighbours: seen(3), webhook: aWebhook().finalized(), before })), 'absent')
})
