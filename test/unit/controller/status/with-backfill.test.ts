import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { BackfillStatus } from '../../../../src/api/backfill.ts'
import type { BackfillView } from '../../../../src/controller/facts/backfill-view.ts'
import { foldProblemInWords, type FoldProblem } from '../../../../src/controller/facts/receiver-presence.ts'
import { backfillEvents, withBackfill } from '../../../../src/controller/status/with-backfill.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00.250Z')
const now = { nowMs, receiverSeenWaitMs: 2_000 }
const folds = 3_600

interface Given {
  before?: BackfillStatus | undefined
  view?: BackfillView
  told?: number
  foldProblem?: FoldProblem
}

function given({ before, view, told = folds, foldProblem }: Given = {}) {
  const webhook = aWebhook().registered().build()
  const observed = anObservation().build()
  const { keyring } = observed
  assert.ok(keyring)
  return {
    draft: { ...webhook.status, ...(before !== undefined && { backfill: before }) },
    observed: {
      ...observed,
      foldJobsForSeconds: folds,
      keyring: { ...keyring, foldJobsForSeconds: told },
      ...(view !== undefined && { backfill: view }),
      ...(foldProblem !== undefined && { receivers: { foldProblem } }),
    },
  }
}
const notesOf = (...runs: BackfillView['runs']) =>
  backfillEvents(runs, '2026-11-01T00:00:00Z').map(({ reason, note }) => `${reason}: ${note}`)
const backfillOf = (state: ReturnType<typeof given>) => withBackfill(state.draft, state, now).backfill

test('it begins once receivers have had time to notice that they are to fold', () => {
  assert.deepEqual(backfillOf(given()), { since: '2026-11-21T12:00:03Z' })
  assert.deepEqual(backfillOf(given({ told: 60 })), {})
})

test('a beginning stays', () => {
  const before = { since: '2026-11-01T00:00:00Z' }
  assert.deepEqual(backfillOf(given({ before })), before)
  assert.deepEqual(backfillOf(given({ before, view: { runs: [] } })), before)
})

test('without backfill in the spec nothing of what it found stays', () => {
  const { draft, observed } = given({ before: { since: '2026-11-01T00:00:00Z', total: 3 } })
  const { foldJobsForSeconds: _folds, ...without } = observed
  assert.equal('backfill' in withBackfill(draft, { draft, observed: without }, now), false)
})

test('a request that was answered is so when backfill is switched on again', () => {
  const handledRequestIDs = ['a']
  const { draft, observed } = given({ before: { since: '2026-11-01T00:00:00Z', total: 3, handledRequestIDs } })
  const { foldJobsForSeconds: _folds, ...without } = observed
  const off = withBackfill(draft, { draft, observed: without }, now).backfill
  assert.deepEqual(off, { handledRequestIDs })
  assert.deepEqual(backfillOf(given({ before: off })), { handledRequestIDs, since: '2026-11-21T12:00:03Z' })
})

test('runs are counted: the last is told, all are summed up, requests are remembered', () => {
  const before = { since: '2026-11-01T00:00:00Z', total: 2, handledRequestIDs: ['z'] }
  const runs = [
    { endedMs: nowMs - 60_000, found: 3 },
    { endedMs: nowMs, found: 1, requestID: 'a' },
  ]
  assert.deepEqual(backfillOf(given({ before, view: { runs } })), {
    ...before,
    lastTime: '2026-11-21T12:00:00Z',
    lastFound: 1,
    total: 6,
    handledRequestIDs: ['z', 'a'],
  })
})

test('sixteen requests are remembered', () => {
  const handledRequestIDs = Array.from({ length: 16 }, (_, at) => `r${at}`)
  const view = { runs: [{ endedMs: nowMs, found: 0, requestID: 'new' }] }
  const after = backfillOf(given({ before: { handledRequestIDs }, view }))?.handledRequestIDs
  assert.deepEqual([after?.length, after?.[0], after?.at(-1)], [16, 'r1', 'new'])
})

test('that runs fail is told with the first failure, until one succeeds; what another process told stays meanwhile', () => {
  const failing = { sinceMs: nowMs - 90_000, message: 'x'.repeat(600) }
  const told = backfillOf(given({ view: { runs: [], failing } }))
  assert.deepEqual(told?.failing, { since: '2026-11-21T11:58:30Z', message: 'x'.repeat(512) })
  const earlier = { since: '2026-11-20T00:00:00Z', message: 'earlier' }
  assert.deepEqual(backfillOf(given({ before: { failing: earlier } }))?.failing, earlier)
  const later = backfillOf(given({ before: { failing: earlier }, view: { runs: [], failing } }))
  assert.equal(later?.failing?.since, earlier.since)
  assert.equal(
    backfillOf(given({ before: { failing: earlier }, view: { runs: [], failing: null } }))?.failing,
    undefined,
  )
})

test('an Event says what was found, what a request found, and what the first run left', () => {
  assert.deepEqual(notesOf({ endedMs: nowMs, found: 0, older: 0 }), [])
  assert.deepEqual(notesOf({ endedMs: nowMs, found: 1 }), [
    'Backfilled: 1 event of batches was not delivered by Google, and sent to the receivers',
  ])
  assert.deepEqual(notesOf({ endedMs: nowMs, found: 0, requestID: 'a' }), [
    'Backfilled: nothing was missing among the batches that ended longer ago than spec.backfill.grace, as request a asks',
  ])
  const [first, second] = notesOf({ endedMs: nowMs, found: 2, older: 7 })
  assert.match(first ?? '', /^Backfilled: 2 events/)
  assert.match(
    second ?? '',
    /^BackfillStarted: 7 events of batches that ended before 2026-11-01T00:00:00Z would be sent: .* spec\.backfill\.request/,
  )
})

test('while receivers cannot tell what they have had it fails in words; afterwards it begins anew', () => {
  const before = { since: '2026-11-01T00:00:00Z', lastTime: '2026-11-20T00:00:00Z', total: 4 }
  for (const foldProblem of ['SeveralInboxes', 'OlderVersion'] as const) {
    const message = foldProblemInWords(foldProblem)
    assert.ok(message.length <= 512)
    const rest = { total: 4 }
    const failing = { since: '2026-11-21T12:00:00Z', message }
    const told = backfillOf(given({ before, foldProblem, view: { runs: [], failing: null } }))
    assert.deepEqual(told, { ...rest, failing })
    const earlier = { since: '2026-11-21T09:00:00Z', message }
    assert.deepEqual(backfillOf(given({ before: { failing: earlier }, foldProblem }))?.failing, earlier)
    assert.deepEqual(backfillOf(given({ before: told })), { ...rest, since: '2026-11-21T12:00:03Z' })
  }
})
