import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'

import type { BackfillSpec } from '../../../src/api/backfill.ts'
import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { BackfillDesk } from '../../../src/controller/backfill/backfill-desk.ts'
import { mayBackfill } from '../../../src/controller/backfill/may-backfill.ts'
import type { SentEvent } from '../../../src/controller/backfill/send-event.ts'
import { createBackfillInstruments } from '../../../src/controller/metrics/instruments.ts'
import type { EndedBatch, EndedBatches, EndedBatchesQuery } from '../../../src/gemini/batch-service.ts'
import { GeminiError } from '../../../src/gemini/webhook-service.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { aBatch } from '../../support/builders/a-batch.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

const start = '2026-11-21T12:00:00Z'
const key = 'f'.repeat(32)

interface Given {
  namespace?: string
  backfill?: BackfillSpec
  since?: string
  fingerprint?: string
}

/** The desk around a list of batches, receivers that fold, and objects that the test changes. */
function startDesk(t: TestContext, { clock = new FakeClock(start) } = {}) {
  const objects = new Map<string, GeminiWebhook>()
  const sent: { uid: string; id: string }[] = []
  const stored = new Set<string>()
  const metrics = createMetrics()
  const it = {
    clock,
    objects,
    sent,
    jobs: [] as EndedBatch[],
    isWhole: true,
    unknownStates: [] as string[],
    unreadable: 0,
    lists: [] as { endedAfterMs: number; fingerprint: string }[],
    woken: [] as string[],
    listFails: undefined as Error | undefined,
    /** Lists answer only when their caller gives them up. */
    isHanging: false,
    givenUp: 0,
    answer: undefined as SentEvent | undefined,
    refusedName: undefined as string | undefined,
    foldJobsForSeconds: undefined as number | undefined,
    isKnown: true,
    isPaused: false,
    lookAgain: () => desk.lookAgain(),
    scrape: async () => (await metrics.expose()).text,
    /** Of one object: its spec, and what status tells so far. */
    put(
      name: string,
      { namespace = 'ml', backfill = {}, since = '2026-11-01T00:00:00Z', fingerprint = key }: Given = {},
    ) {
      const webhook = aWebhook()
        .metadata({ namespace, name, uid: `uid-${name}` })
        .registered({ keyFingerprint: fingerprint })
        .spec({ backfill, events: ['batch.succeeded', 'batch.failed'] })
        .status({ backfill: { since }, endpoint: { url: `https://hooks.example.com/v1/s/${namespace}/${name}` } })
        .build()
      it.change(webhook)
      return webhook
    },
    change(webhook: GeminiWebhook) {
      const previous = objects.get(webhook.metadata.uid)
      objects.set(webhook.metadata.uid, webhook)
      desk.observe(
        previous === undefined ? { type: 'added', object: webhook } : { type: 'updated', object: webhook, previous },
      )
    },
    remove(webhook: GeminiWebhook) {
      objects.delete(webhook.metadata.uid)
      desk.observe({ type: 'deleted', object: webhook })
    },
    /** What a pass does with it. */
    tell(uid: string) {
      const runs = desk.viewOf(uid)?.runs ?? []
      desk.told(uid, runs)
      const webhook = objects.get(uid)
      const last = runs.at(-1)
      if (webhook === undefined || last === undefined) return runs
      const handled = runs.flatMap(({ requestID }) => requestID ?? [])
      const backfill = { ...webhook.status?.backfill, lastTime: new Date(last.endedMs).toISOString() }
      const handledRequestIDs = [...(backfill.handledRequestIDs ?? []), ...handled]
      it.change({ ...webhook, status: { ...webhook.status, backfill: { ...backfill, handledRequestIDs } } })
      return runs
    },
    restart() {
      desk = newDesk()
      for (const object of objects.values()) desk.observe({ type: 'added', object })
      desk.start()
    },
  }
  const listEndedBatches = async (
    fingerprint: string,
    { endedAfterMs, signal }: EndedBatchesQuery,
  ): Promise<EndedBatches> => {
    it.lists.push({ endedAfterMs, fingerprint })
    if (it.listFails !== undefined) throw it.listFails
    if (it.isHanging && signal !== undefined) {
      if (!signal.aborted) await once(signal, 'abort')
      it.givenUp += 1
      throw signal.reason
    }
    const jobs = it.jobs.filter((job) => job.endedAtMs >= endedAfterMs)
    const { unknownStates, unreadable, isWhole } = it
    return { jobs, unknownStates, unreadable, isWhole }
  }
  const newDesk = () =>
    new BackfillDesk({
      clock,
      random: () => 0,
      logger: silentLogger,
      pauses: { firstMs: 60_000, restMs: 10_000 },
      webhooks: {
        get: ({ namespace, name }) =>
          objects.values().find(({ metadata }) => metadata.namespace === namespace && metadata.name === name),
      },
      mayRun: (webhook) => !it.isPaused && mayBackfill(webhook),
      eventsOf: ({ spec }) => spec.events ?? [],
      batchesOf: (fingerprint) =>
        it.isKnown ? { listEndedBatches: (query) => listEndedBatches(fingerprint, query) } : undefined,
      entryOf: (uid) => {
        const { foldJobsForSeconds } = it
        if (foldJobsForSeconds === undefined) return undefined
        return { uid, namespace: 'ml', name: 'one', secrets: [], sinks: [], foldJobsForSeconds }
      },
      send: async ({ id, eventId }, { name }) => {
        const uid = `uid-${name}`
        sent.push({ uid, id })
        if (it.answer !== undefined) return it.answer
        if (it.refusedName === name) return { state: 'failed', why: 'they answered 503' }
        const folded = `${uid} ${eventId}`
        if (stored.has(folded)) return { state: 'duplicate' }
        stored.add(folded)
        return { state: 'stored' }
      },
      wake: (uids) => void it.woken.push(...uids),
      instruments: createBackfillInstruments(metrics),
    })
  let desk = newDesk()
  desk.start()
  t.after(() => desk.stop())
  return { ...it, it, viewOf: (uid: string) => desk.viewOf(uid), idsOf: () => sent.map(({ id }) => id.slice(8)) }
}

const halfHour = { minutes: 30 }

test('an event that Google did not deliver is sent once, counted, and told', async (t) => {
  const { it, clock, viewOf, idsOf } = startDesk(t)
  it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z'), aBatch('b', '2026-11-20T11:00:00Z', { type: 'batch.failed' })]
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['b', 'a'])
  assert.deepEqual(it.woken, ['uid-one'])
  const [run] = viewOf('uid-one')?.runs ?? []
  assert.deepEqual([run?.found, run?.older], [2, 0])
  assert.match(await it.scrape(), /^gwh_backfilled_events_total 2$/m)
  assert.deepEqual(it.tell('uid-one'), [run])

  await clock.advance({ hours: 12 })
  assert.deepEqual(idsOf(), ['b', 'a'], 'at rest it costs lists and nothing else')
  assert.equal(it.lists.length, 25)
  assert.deepEqual(it.woken, ['uid-one'])
})

test('what ends is found once its grace is over', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  it.put('one')
  await clock.advance(halfHour)
  it.jobs = [aBatch('a', clock.now())]
  await clock.advance({ minutes: 29 })
  assert.deepEqual(idsOf(), [])
  await clock.advance({ minutes: 32 })
  assert.deepEqual(idsOf(), ['a'])
})

test('one list of a key serves all of its objects, and each is sent what it subscribes to', async (t) => {
  const { it, clock } = startDesk(t)
  for (let at = 0; at < 50; at += 1) it.put(`object-${at}`, { namespace: `team-${at % 5}` })
  const other = it.put('other')
  it.change({ ...other, spec: { ...other.spec, events: ['interaction.completed'] } })
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ minutes: 2 })
  assert.equal(it.lists.length, 1)
  assert.equal(new Set(it.sent.map(({ uid }) => uid)).size, 50)
  assert.equal(it.sent.length, 50)
})

test('a restart sends again, and all of it is folded', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z'), aBatch('b', '2026-11-21T10:00:00Z')]
  await clock.advance({ minutes: 1 })
  it.tell('uid-one')
  it.restart()
  await clock.advance({ minutes: 1 })
  assert.equal(it.sent.length, 4)
  assert.deepEqual(viewOf('uid-one')?.runs, [], 'nothing was found, so there is nothing to tell')
  assert.match(await it.scrape(), /^gwh_backfilled_events_total 2$/m)
})

test('a list that lacks a batch for a while, or shows it late, changes nothing for the others', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  it.put('one')
  const [a, b, late] = [
    aBatch('a', '2026-11-21T11:00:00Z'),
    aBatch('b', '2026-11-21T10:00:00Z'),
    aBatch('late', '2026-11-21T09:00:00Z'),
  ]
  it.jobs = [a, b]
  await clock.advance({ minutes: 1 })
  it.jobs = [b]
  await clock.advance(halfHour)
  it.jobs = [late, { ...a, id: 'a' }, b]
  await clock.advance(halfHour)
  assert.deepEqual(idsOf(), ['b', 'a', 'late'])
})

test('a list that fails sends nothing, is tried again soon, and is told when it keeps failing, and that it is over', async (t) => {
  const { it, clock, viewOf, idsOf } = startDesk(t)
  it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  it.listFails = new GeminiError({ code: 'ERR_GEMINI_UNAVAILABLE', message: 'list: 503', mayHaveCommitted: false })
  await clock.advance({ minutes: 2 })
  assert.equal(it.lists.length, 2)
  assert.deepEqual(it.woken, [], 'what passes by itself is not told')
  await clock.advance({ minutes: 2 })
  assert.equal(it.lists.length, 3)
  assert.deepEqual(it.woken, ['uid-one'])
  const failing = viewOf('uid-one')?.failing
  assert.match(failing?.message ?? '', /^the batches at Google could not be listed: list: 503$/)
  assert.equal(failing?.sinceMs, Date.parse(start) + 30_000)
  const [told] = it.objects.values()
  assert.ok(told)
  const since = new Date(failing?.sinceMs ?? 0).toISOString()
  const backfill = { ...told.status?.backfill, failing: { since, message: failing?.message ?? '' } }
  it.change({ ...told, status: { ...told.status, backfill } })

  await clock.advance({ hours: 12 })
  assert.ok(it.lists.length <= 3 + 30, 'it is listed no more often than otherwise')
  assert.deepEqual(it.woken, ['uid-one'], 'it is told once')
  it.listFails = undefined
  await clock.advance(halfHour)
  assert.deepEqual(idsOf(), ['a'])
  assert.equal(viewOf('uid-one')?.failing, null)
})

test('the budget that is used up is told in words that stay the same', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  it.put('one')
  let waitMs = 0
  Object.defineProperty(it, 'listFails', {
    get: () =>
      new GeminiError({
        code: 'ERR_GEMINI_RATE_LIMITED',
        message: `paused for another ${(waitMs += 1)} ms`,
        mayHaveCommitted: false,
      }),
  })
  await clock.advance({ hours: 12 })
  assert.match(viewOf('uid-one')?.failing?.message ?? '', /Google asked for a pause/)
  assert.ok(it.lists.length > 20)
})

test('receivers that are down are not hurried; what they acknowledged is not sent again, the rest is', async (t) => {
  const { it, clock, viewOf, idsOf } = startDesk(t)
  it.put('one')
  it.jobs = Array.from({ length: 100 }, (_, at) => aBatch(`job-${at}`, Date.parse('2026-11-21T10:00:00Z') + at))
  it.answer = { state: 'failed', why: 'they answered 503' }
  await clock.advance({ minutes: 1 })
  assert.ok(it.sent.length <= 8, `${it.sent.length} requests`)
  assert.equal(viewOf('uid-one')?.covered, undefined)
  await clock.advance({ hours: 6 })
  assert.ok(it.sent.length <= 8 * it.lists.length, `${it.sent.length} requests`)
  assert.match(viewOf('uid-one')?.failing?.message ?? '', /^receivers did not take .*: they answered 503$/)
  const before = it.sent.length
  it.answer = undefined
  await clock.advance(halfHour)
  assert.equal(new Set(idsOf().slice(before)).size, 100)
  assert.equal(it.sent.length, before + 100)
  assert.ok(viewOf('uid-one')?.covered)
  await clock.advance({ hours: 3 })
  assert.equal(it.sent.length, before + 100)
})

test('the first run counts what ended before receivers could tell, once, and sends only what ended since', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  it.put('one', { since: '2026-11-21T10:30:00Z' })
  it.jobs = [
    aBatch('old', '2026-11-20T11:00:00Z'),
    aBatch('old-too', '2026-11-21T10:29:59Z'),
    aBatch('new', '2026-11-21T10:30:00Z'),
    aBatch('beyond', '2026-11-10T11:00:00Z'),
  ]
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['new'])
  assert.deepEqual(
    it.tell('uid-one').map(({ found, older }) => [found, older]),
    [[1, 2]],
  )
  await clock.advance({ hours: 2 })
  assert.deepEqual(it.tell('uid-one'), [])
})

test('a request sends what ended earlier, once, without waiting for the interval', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  const webhook = it.put('one', { since: '2026-11-21T11:59:00Z' })
  it.jobs = [aBatch('old', '2026-11-19T11:00:00Z'), aBatch('newer', '2026-11-21T08:00:00Z')]
  await clock.advance({ minutes: 2 })
  it.tell('uid-one')
  assert.deepEqual(idsOf(), [])

  const request = (id: string, since?: string) => {
    const stored = it.objects.get('uid-one') ?? webhook
    const backfill = { request: { id, ...(since !== undefined && { since }) } }
    it.change({ ...stored, spec: { ...stored.spec, backfill } })
  }
  request('a', '2026-11-21T00:00:00Z')
  await clock.advance({ seconds: 1 })
  assert.deepEqual(idsOf(), ['newer'])
  assert.deepEqual(
    it.tell('uid-one').map(({ found, requestID }) => [found, requestID]),
    [[1, 'a']],
  )

  request('b')
  await clock.advance({ seconds: 15 })
  assert.deepEqual(idsOf(), ['newer', 'old'])
  assert.deepEqual(
    it.tell('uid-one').map(({ found, requestID }) => [found, requestID]),
    [[1, 'b']],
  )
  const { length } = it.lists
  request('a')
  await clock.advance({ minutes: 20 })
  assert.equal(it.lists.length, length, 'going back to one is harmless')
})

test('what receivers do not remember for so long is not sent before the keyring tells them to', async (t) => {
  const { it, clock, idsOf, viewOf } = startDesk(t)
  const webhook = it.put('one')
  it.foldJobsForSeconds = 74 * 3_600
  it.jobs = [aBatch('old', '2026-11-15T11:00:00Z'), aBatch('new', '2026-11-21T11:00:00Z')]
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['new'])
  it.tell('uid-one')
  const told = it.objects.get('uid-one') ?? webhook
  it.change({ ...told, spec: { ...told.spec, backfill: { lookback: '336h', request: { id: 'a' } } } })
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['new'])
  assert.deepEqual(viewOf('uid-one')?.runs, [])
  it.foldJobsForSeconds = 338 * 3_600
  await clock.advance({ minutes: 2 })
  assert.deepEqual(idsOf(), ['new', 'old'])
})

test('a request whose events receivers do not take is tried at the pauses of failures, and answered by the run that can', async (t) => {
  const { it, clock } = startDesk(t)
  it.put('one', { since: '2026-11-21T11:59:00Z', backfill: { request: { id: 'a' } } })
  it.jobs = [aBatch('old', '2026-11-19T11:00:00Z')]
  it.answer = { state: 'failed', why: 'they answered 503' }
  await clock.advance({ minutes: 10 })
  assert.ok(it.lists.length <= 5, `${it.lists.length} lists`)
  assert.equal(
    it.tell('uid-one').some(({ requestID }) => requestID !== undefined),
    false,
  )
  it.answer = undefined
  await clock.advance(halfHour)
  assert.deepEqual(
    it.tell('uid-one').map(({ found, requestID }) => [found, requestID]),
    [[1, 'a']],
  )
})

test('an object whose events are never taken holds up neither a request nor the portions of another of its key', async (t) => {
  const { it, clock } = startDesk(t)
  it.put('refused')
  const webhook = it.put('one', { since: '2026-11-21T11:59:00Z' })
  it.refusedName = 'refused'
  const firstMs = Date.parse('2026-11-20T12:00:00Z')
  it.jobs = Array.from({ length: 3_000 }, (_, at) => aBatch(`job-${at}`, firstMs + at * 1_000))
  await clock.advance({ hours: 6 })
  it.tell('uid-one')
  const { length } = it.lists
  assert.ok(length <= 18, `${length} lists`)
  const told = it.objects.get('uid-one') ?? webhook
  it.change({ ...told, spec: { ...told.spec, backfill: { request: { id: 'a' } } } })
  await clock.advance({ minutes: 1 })
  assert.equal(it.sent.filter(({ uid }) => uid === 'uid-one').length, 3_000)
  assert.ok(it.tell('uid-one').some(({ requestID }) => requestID === 'a'))
})

test('a request is tried at once after receivers took nothing for a while', async (t) => {
  const { it, clock } = startDesk(t)
  const webhook = it.put('one')
  it.refusedName = 'one'
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ hours: 3 })
  it.refusedName = undefined
  const { length } = it.lists
  it.change({ ...webhook, spec: { ...webhook.spec, backfill: { request: { id: 'back' } } } })
  await clock.advance({ minutes: 1 })
  assert.equal(it.lists.length, length + 1)
  assert.ok(it.tell('uid-one').some(({ requestID }) => requestID === 'back'))
})

const quiet: [string, (webhook: GeminiWebhook) => GeminiWebhook][] = [
  ['suspended', (webhook) => ({ ...webhook, spec: { ...webhook.spec, suspend: true } })],
  ['disabled', (webhook) => ({ ...webhook, spec: { ...webhook.spec, state: 'Disabled' } })],
  [
    'served by an own server',
    (webhook) => ({ ...webhook, spec: { ...webhook.spec, endpoint: { url: 'https://mine.example.com/x' } } }),
  ],
  [
    'being deleted',
    (webhook) => ({ ...webhook, metadata: { ...webhook.metadata, deletionTimestamp: '2026-11-21T12:00:00Z' } }),
  ],
  ['not registered', (webhook) => ({ ...webhook, status: { ...webhook.status, webhook: { keyFingerprint: key } } })],
  ['without backfill', (webhook) => ({ ...webhook, spec: { ...webhook.spec, backfill: undefined } })],
]
for (const [what, change] of quiet) {
  test(`for an object that is ${what} nothing is asked of Google and nothing sent`, async (t) => {
    const { it, clock } = startDesk(t)
    it.change(change(it.put('one')))
    it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
    await clock.advance({ hours: 3 })
    assert.deepEqual([it.lists.length, it.sent.length], [0, 0])
  })
}

test('what is suspended in the middle of a run is sent nothing more, and goes on when it is resumed', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  const webhook = it.put('one')
  it.jobs = Array.from({ length: 50 }, (_, at) => aBatch(`job-${at}`, Date.parse('2026-11-21T10:00:00Z') + at))
  Object.defineProperty(it, 'answer', {
    get: () => {
      if (it.sent.length === 10) it.change({ ...webhook, spec: { ...webhook.spec, suspend: true } })
      return undefined
    },
  })
  await clock.advance({ minutes: 5 })
  assert.ok(it.sent.length >= 10 && it.sent.length < 15, `${it.sent.length}`)
  const { length } = it.lists
  await clock.advance({ hours: 2 })
  assert.equal(it.lists.length, length)
  it.change(webhook)
  await clock.advance({ hours: 1 })
  assert.equal(new Set(idsOf()).size, 50)
})

test('while the installation is paused nothing is asked of Google; it goes on when that is over', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  it.isPaused = true
  await clock.advance({ hours: 3 })
  assert.equal(it.lists.length, 0)
  it.isPaused = false
  it.lookAgain()
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['a'])
})

test('a run that covers a time in which deliveries may have been missed is told, though it finds nothing', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  const webhook = it.put('one')
  await clock.advance({ minutes: 1 })
  it.tell('uid-one')
  const told = it.objects.get('uid-one') ?? webhook
  const gap = { since: '2026-11-20T12:00:00Z', until: '2026-11-21T11:00:00Z', cause: 'DisabledByGoogle' } as const
  it.change({ ...told, status: { ...told.status, gap } })
  const { length } = it.woken
  await clock.advance({ minutes: 30 })
  assert.equal(it.woken.length, length + 1)
  const covered = viewOf('uid-one')?.covered
  assert.ok(covered && covered.fromMs <= Date.parse(gap.since) && covered.toMs >= Date.parse(gap.until))
  it.change({ ...told, status: { ...told.status, gap: { ...gap, coveredTime: '2026-11-21T12:31:00Z' } } })
  await clock.advance({ hours: 2 })
  assert.equal(it.woken.length, length + 1)
})

test('a gap that is told while the run is under way is covered by it; one that it does not reach wakes nobody', async (t) => {
  const { it, clock } = startDesk(t)
  const webhook = it.put('one')
  await clock.advance({ minutes: 1 })
  it.tell('uid-one')
  const told = it.objects.get('uid-one') ?? webhook
  const gap = { since: '2026-11-20T12:00:00Z', until: '2026-11-21T11:00:00Z', cause: 'ReceiversAway' } as const
  const withGap = (since: string) => it.change({ ...told, status: { ...told.status, gap: { ...gap, since } } })
  it.jobs = [aBatch('a', '2026-11-21T11:30:00Z')]
  Object.defineProperty(it, 'answer', {
    get: () => {
      withGap(gap.since)
      return { state: 'duplicate' }
    },
  })
  const { length } = it.woken
  await clock.advance({ minutes: 30 })
  assert.equal(it.woken.length, length + 1)
  withGap('2026-11-01T00:00:00Z')
  await clock.advance({ hours: 3 })
  assert.equal(it.woken.length, length + 1, 'what no run can cover is not looked at again and again')
})

test('a webhook that Google disabled is backfilled: that is when events are missing', async (t) => {
  const { it, clock, idsOf } = startDesk(t)
  const webhook = it.put('one')
  const disabled = { ...webhook.status?.webhook, state: 'disabled_due_to_failed_deliveries' }
  it.change({ ...webhook, status: { ...webhook.status, webhook: disabled } })
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ minutes: 1 })
  assert.deepEqual(idsOf(), ['a'])
})

test('ten thousand batches are found in portions, with one list each, and remembered in bounded room', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  for (let at = 0; at < 3; at += 1) it.put(`object-${at}`)
  const firstMs = Date.parse('2026-11-20T12:00:00Z')
  it.jobs = Array.from({ length: 10_000 }, (_, at) => aBatch(`job-${at}`, firstMs + at * 1_000))
  await clock.advance({ minutes: 10 })
  assert.equal(it.sent.length, 30_000)
  assert.equal(it.lists.length, 10)
  assert.ok(viewOf('uid-object-2')?.covered)
  await clock.advance({ hours: 2 })
  assert.equal(it.sent.length, 30_000)
  assert.ok(it.lists.length <= 14, `${it.lists.length} lists`)
})

test('a project with more batches than are listed is told, because not all of those that ended are known', async (t) => {
  const { it, clock, viewOf, idsOf } = startDesk(t)
  it.put('one')
  it.isWhole = false
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ hours: 3 })
  assert.deepEqual(idsOf(), ['a'])
  assert.equal(it.lists.length, 6, 'it is listed no more often for it')
  const view = viewOf('uid-one')
  assert.match(view?.failing?.message ?? '', /more batches than are listed/)
  assert.equal(view?.covered, undefined)
})

for (const [what, shown] of [
  ['in a state that is not known', { unknownStates: ['JOB_STATE_DONE'] }],
  ['that cannot be read', { unreadable: 1 }],
] as const) {
  test(`a list with a batch ${what} covers nothing, and that is told; what can be read is sent`, async (t) => {
    const { it, clock, viewOf, idsOf } = startDesk(t)
    it.put('one')
    Object.assign(it, shown)
    it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
    await clock.advance({ hours: 3 })
    assert.deepEqual(idsOf(), ['a'])
    assert.equal(it.lists.length, 6)
    assert.match(viewOf('uid-one')?.failing?.message ?? '', /this version does not know/)
    assert.equal(viewOf('uid-one')?.covered, undefined)
    Object.assign(it, { unknownStates: [], unreadable: 0 })
    await clock.advance(halfHour)
    assert.equal(viewOf('uid-one')?.failing, null)
    assert.ok(viewOf('uid-one')?.covered)
  })
}

test('keys are apart: one that is not known yet, or fails, holds up no other', async (t) => {
  const { it, clock } = startDesk(t)
  it.put('one')
  it.put('two', { fingerprint: 'e'.repeat(32) })
  it.isKnown = false
  await clock.advance({ minutes: 1 })
  assert.equal(it.lists.length, 0)
  it.isKnown = true
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ minutes: 2 })
  assert.deepEqual(new Set(it.lists.map(({ fingerprint }) => fingerprint)), new Set([key, 'e'.repeat(32)]))
  assert.deepEqual(new Set(it.sent.map(({ uid }) => uid)), new Set(['uid-one', 'uid-two']))
})

test('of an object that is gone nothing stays', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  const webhook = it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  await clock.advance({ minutes: 1 })
  assert.ok(viewOf('uid-one'))
  it.remove(webhook)
  assert.equal(viewOf('uid-one'), undefined)
  await clock.advance({ hours: 2 })
  assert.equal(it.lists.length, 1)
  assert.equal(clock.pending, 0)
})

test('many events that end in one moment are sent in portions, too', async (t) => {
  const { it, clock, viewOf } = startDesk(t)
  it.put('one')
  it.jobs = Array.from({ length: 2_500 }, (_, at) => aBatch(`job-${at}`, '2026-11-20T12:00:00Z'))
  await clock.advance({ minutes: 5 })
  assert.equal(new Set(it.sent.map(({ id }) => id)).size, 2_500)
  assert.ok(viewOf('uid-one')?.covered)
})

test('a list under way is given up when the installation is paused, and made again afterwards', async (t) => {
  const { it, clock, viewOf, idsOf } = startDesk(t)
  it.put('one')
  it.jobs = [aBatch('a', '2026-11-21T11:00:00Z')]
  it.isHanging = true
  await clock.advance({ minutes: 1 })
  it.lookAgain()
  await clock.advance({ seconds: 1 })
  assert.deepEqual([it.lists.length, it.givenUp], [1, 0], 'while its objects may run it goes on')
  it.isPaused = true
  it.lookAgain()
  await clock.advance({ hours: 2 })
  assert.deepEqual([it.lists.length, it.givenUp, viewOf('uid-one')], [1, 1, undefined])
  it.isPaused = false
  it.isHanging = false
  it.lookAgain()
  await clock.advance({ minutes: 2 })
  assert.deepEqual(idsOf(), ['a'])
})
