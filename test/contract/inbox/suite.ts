import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import type { Quotas } from '../../../src/fairness/quotas.ts'
import type { InboxBounds } from '../../../src/inbox/bounds.ts'
import type {
  ClaimedDelivery,
  DeadLetter,
  DeadLetterPosition,
  DeadLetterQuery,
  Inbox,
  NewEvent,
  PendingDelivery,
  PendingPosition,
  PendingQuery,
} from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import type { FakeClock } from '../../support/doubles/fake-clock.ts'
import { fillUp } from '../../support/builders/fill-up.ts'

/** Small enough to be reached by a test. */
export const suiteBounds = { maxEvents: 10, ownerShare: 0.5, maxDeadLetters: 6, deadLetterShare: 0.5 }

export interface InboxUnderTest {
  inbox: Inbox
  clock: FakeClock
  /** Closes it in an orderly way and opens it again on the same data. */
  reopen: () => Promise<Inbox>
  /** Closes and removes everything. */
  dispose: () => Promise<void>
}

const leaseMs = 60_000

async function backlogOf(inbox: Pick<Inbox, 'backlog'>) {
  const backlog = await inbox.backlog()
  return backlog
    .toSorted((a, b) => `${a.ownerUid}/${a.sink}`.localeCompare(`${b.ownerUid}/${b.sink}`))
    .map(({ ownerUid, sink, pending, deadLetters }) => [`${ownerUid}/${sink}`, pending, deadLetters])
}

function tracesOf(claimed: readonly ClaimedDelivery[]): Record<string, string | undefined> {
  return Object.fromEntries(claimed.map(({ event }) => [event.eventId, event.trace]))
}

export interface UnderTestOptions {
  bounds: Partial<InboxBounds>
  quotas?: Quotas
}

/** Opens an empty inbox. */
export type MakeInbox = (options: UnderTestOptions) => Promise<InboxUnderTest>

/** For a contract: each promise is tested with an inbox of its own, opened as usual where it asks for nothing else. */
export function promisesOf(make: MakeInbox, usual: UnderTestOptions) {
  return (name: string, run: (under: InboxUnderTest) => Promise<void>, options = usual) => {
    void it(name, async () => {
      const under = await make(options)
      try {
        await run(under)
      } finally {
        await under.dispose()
      }
    })
  }
}

/** Every promise of the port, for any driver. */
export function inboxContract(driver: string, make: MakeInbox): void {
  const promise = promisesOf(make, { bounds: suiteBounds })

  void describe(`inbox contract: ${driver}`, () => {
    promise('a stored event is claimed once per sink, byte for byte', async ({ inbox }) => {
      const event = anEvent({
        body: Buffer.from([0, 255, 10, 13, 0]),
        contentType: 'text/plain; x="ü"',
        sinks: ['a', 'b'],
      })
      assert.equal(await inbox.append(event), 'stored')
      const claimed = await inbox.claimDue(10, leaseMs)
      assert.deepEqual(claimed.map(({ sink }) => sink).toSorted(), ['a', 'b'])
      for (const { event: got, attempts, replayed, sink } of claimed) {
        assert.deepEqual(
          { ...got, body: Buffer.from(got.body) },
          { ...event, body: Buffer.from(event.body), sinks: [sink] },
        )
        assert.equal(attempts, 0)
        assert.equal(replayed, false)
      }
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [], 'claimed deliveries are leased')
    })

    promise(
      'a trace stays with its event: at each attempt, after a restart, as a dead letter and once replayed',
      async ({ inbox, clock, reopen }) => {
        const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01 theirs=1'
        await inbox.appendClaiming(anEvent({ eventId: 'traced', trace }), new Map([['worker', leaseMs]]))
        await inbox.append(anEvent({ eventId: 'untraced' }))
        const again = await reopen()
        await clock.advance({ minutes: 2 })
        const claimed = await again.claimDue(10, leaseMs)
        const both = { traced: trace, untraced: undefined }
        assert.deepEqual(tracesOf(claimed), both)
        for (const one of claimed) await again.record(one, { type: 'DeadLetter', reason: 'Rejected' })
        for (const { deliveryId, eventId } of (await again.deadLetters({ limit: 10 })).deadLetters) {
          const kept = await again.deadLetterEvent(deliveryId)
          assert.equal(kept?.trace, eventId === 'traced' ? trace : undefined)
          await again.replay(deliveryId)
        }
        assert.deepEqual(tracesOf(await again.claimDue(10, leaseMs)), both)
      },
    )

    promise(
      'the same id of the same object is a duplicate, whatever else differs; of another object it is not',
      async ({ inbox }) => {
        assert.equal(await inbox.append(anEvent()), 'stored')
        assert.equal(
          await inbox.append(anEvent({ body: Buffer.from('else'), owner: { ...anEvent().owner, uid: 'uid-2' } })),
          'duplicate',
        )
        assert.equal(await inbox.append(anEvent({ owner: anOwner('other') })), 'stored')
        assert.equal((await inbox.stats()).pending, 2)
      },
    )

    promise('many appends of one id at once store it once', async ({ inbox }) => {
      const results = await Promise.all(Array.from({ length: 20 }, () => inbox.append(anEvent())))
      assert.equal(results.filter((result) => result === 'stored').length, 1)
      assert.equal(results.filter((result) => result === 'duplicate').length, 19)
    })

    promise(
      'an id stays a duplicate for 25 hours after its body is gone, and not for ever',
      async ({ inbox, clock }) => {
        await inbox.append(anEvent())
        await inbox.record(await claimOne(inbox), { type: 'Succeed' })
        assert.equal((await inbox.stats()).bodyBytes, 0, 'a delivered body is not kept')
        await clock.advance({ hours: 24, minutes: 59 })
        await letRetentionRun(inbox, clock)
        assert.equal(await inbox.append(anEvent()), 'duplicate')
        await clock.advance({ hours: 1 })
        await letRetentionRun(inbox, clock)
        assert.equal(await inbox.append(anEvent()), 'stored')
      },
    )

    promise('an event without sinks is remembered for as long and leads to no delivery', async ({ inbox, clock }) => {
      assert.equal(await inbox.append(anEvent({ sinks: [] })), 'stored')
      await clock.advance({ hours: 24, minutes: 59 })
      await letRetentionRun(inbox, clock)
      assert.equal(await inbox.append(anEvent({ sinks: [] })), 'duplicate')
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [])
      await clock.advance({ hours: 1 })
      await letRetentionRun(inbox, clock)
      assert.equal(await inbox.append(anEvent({ sinks: [] })), 'stored')
    })

    promise('events bind to the uid of their object', async ({ inbox }) => {
      await inbox.append(anEvent())
      await inbox.append(anEvent({ eventId: 'msg_2', owner: { ...anEvent().owner, uid: 'uid-2' } }))
      const claimed = await inbox.claimDue(10, leaseMs)
      assert.deepEqual(claimed.map(({ event }) => `${event.eventId} ${event.owner.uid}`).toSorted(), [
        'msg_1 uid-1',
        'msg_2 uid-2',
      ])
    })

    promise(
      'a lease that runs out makes the delivery due again, and its late record is ignored',
      async ({ inbox, clock }) => {
        await inbox.append(anEvent())
        const first = await claimOne(inbox)
        await clock.advance({ ms: leaseMs })
        const second = await claimOne(inbox)
        await inbox.record(first, { type: 'DeadLetter', reason: 'Rejected' })
        assert.equal((await inbox.stats()).pending, 1, 'the first lease was lost')
        await inbox.record(second, { type: 'Succeed' })
        await inbox.record(second, { type: 'Succeed' })
        assert.equal((await inbox.stats()).pending, 0)
      },
    )

    promise('RetryAt spends an attempt and waits until then; Hold waits and spends none', async ({ inbox, clock }) => {
      await inbox.append(anEvent())
      const first = await claimOne(inbox)
      await inbox.record(first, { type: 'RetryAt', atMs: clock.now() + 5_000 })
      assert.equal(await inbox.nextDueMs(), clock.now() + 5_000)
      await clock.advance({ ms: 4_999 })
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [])
      await clock.advance({ ms: 1 })
      const second = await claimOne(inbox)
      assert.equal(second.attempts, 1)
      assert.equal(second.firstDueMs, first.firstDueMs)
      await inbox.record(second, { type: 'Hold', untilMs: clock.now() + 5_000 })
      await clock.advance({ ms: 5_000 })
      assert.equal((await claimOne(inbox)).attempts, 1)
    })

    promise('nextDueMs is undefined with nothing to do', async ({ inbox }) => {
      assert.equal(await inbox.nextDueMs(), undefined)
      await inbox.append(anEvent())
      assert.notEqual(await inbox.nextDueMs(), undefined)
      await inbox.record(await claimOne(inbox), { type: 'Skip' })
      assert.equal(await inbox.nextDueMs(), undefined)
    })

    promise('a full object is refused alone; its known ids are duplicates all the same', async ({ inbox }) => {
      for (let n = 1; n <= 5; n++) assert.equal(await inbox.append(anEvent({ eventId: `msg_${n}` })), 'stored')
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_6' })), 'ownerFull')
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_3' })), 'duplicate')
      assert.equal(await inbox.append(anEvent({ owner: anOwner('other') })), 'stored')
      await inbox.record(await claimOne(inbox), { type: 'Succeed' })
      assert.equal(
        await inbox.append(anEvent({ eventId: 'msg_6' })),
        'stored',
        'room comes back with every delivery that ends',
      )
    })

    promise('a full inbox refuses everybody and drops nothing', async ({ inbox }) => {
      const stored = await fillUp(inbox)
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_9', owner: anOwner('d', 'd') })), 'inboxFull')
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_0', owner: anOwner('o', 'n0') })), 'duplicate')
      assert.equal((await inbox.claimDue(100, leaseMs)).length, stored)
    })

    promise(
      'a full inbox says so, and no longer once deliveries have ended, without another append',
      async ({ inbox, clock }) => {
        assert.equal(inbox.obstacle, undefined)
        await fillUp(inbox)
        assert.equal(inbox.obstacle, 'Full')
        await clock.advance({ minutes: 1 })
        await inbox.stats()
        assert.equal(inbox.obstacle, 'Full', 'nothing has ended')
        for (const claimed of await inbox.claimDue(100, leaseMs)) await inbox.record(claimed, { type: 'Succeed' })
        await letRetentionRun(inbox, clock)
        assert.equal(inbox.obstacle, undefined)
      },
    )

    promise('what is full for one object alone is no obstacle', async ({ inbox }) => {
      for (let n = 0; n < 6; n++) await inbox.append(anEvent({ eventId: `msg_${n}` }))
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_more' })), 'ownerFull')
      assert.equal(inbox.obstacle, undefined)
    })

    promise('an excepted sink keeps its deliveries; a backlog does not crowd out another sink', async ({ inbox }) => {
      for (let n = 0; n < 5; n++) await inbox.append(anEvent({ eventId: `msg_${n}`, sinks: ['slow'] }))
      await inbox.append(anEvent({ eventId: 'late', owner: anOwner('other'), sinks: ['quick'] }))
      const fair = await inbox.claimDue(2, leaseMs)
      assert.deepEqual(fair.map(({ sink }) => sink).toSorted(), ['quick', 'slow'])
      assert.deepEqual(await inbox.claimDue(10, leaseMs, { except: { lanes: new Set(['uid-1/slow']) } }), [])
      assert.equal((await inbox.claimDue(10, leaseMs)).length, 4)
    })

    promise(
      'dead letters are listed by what is asked for, replayed once, with fresh attempts',
      async ({ inbox, clock }) => {
        await inbox.append(anEvent({ sinks: ['a', 'b'] }))
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
        }
        assert.equal((await listed(inbox, { limit: 10 })).length, 2)
        assert.equal((await listed(inbox, { limit: 1 })).length, 1)
        assert.deepEqual(await listed(inbox, { limit: 10, eventId: 'msg_2' }), [])
        assert.deepEqual(await listed(inbox, { limit: 10, owner: { namespace: 'ml', name: 'other' } }), [])
        const [letter] = await listed(inbox, {
          limit: 10,
          sink: 'a',
          owner: { namespace: 'ml', name: 'batch-events' },
        })
        assert.ok(letter)
        const { deliveryId, ...rest } = letter
        const { owner } = anEvent()
        assert.deepEqual(rest, {
          owner,
          eventId: 'msg_1',
          eventType: 'batch.succeeded',
          sink: 'a',
          reason: 'Rejected',
          attempts: 1,
          firstDueMs: clock.now(),
          endedAtMs: clock.now(),
        })

        assert.equal(await inbox.replay(deliveryId), true)
        assert.equal(await inbox.replay(deliveryId), false, 'it is pending now')
        assert.equal(await inbox.replay('no such delivery'), false)
        const replayed = await claimOne(inbox)
        assert.equal(replayed.sink, 'a')
        assert.equal(replayed.attempts, 0)
        assert.equal(replayed.replayed, true)
        assert.deepEqual(Buffer.from(replayed.event.body), Buffer.from(anEvent().body))
        await inbox.record(replayed, { type: 'Succeed' })
        assert.equal((await inbox.stats()).deadLetters, 1)
      },
    )

    promise(
      'a dead letter tells its last cause and when it began, also after a restart, and its replay begins anew',
      async (under) => {
        const { inbox, clock } = under
        const startMs = clock.now()
        await inbox.append(anEvent({ sinks: ['a', 'b', 'c'] }))
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          const isRefused = claimed.sink === 'a'
          await inbox.record(
            claimed,
            isRefused
              ? { type: 'DeadLetter', reason: 'Rejected', cause: 'refused 422' }
              : { type: 'RetryAt', atMs: startMs + 5_000, cause: 'status 503' },
          )
        }
        await clock.advance({ seconds: 5 })
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          assert.equal(claimed.lastCause, 'status 503')
          const reason = claimed.sink === 'b' ? 'RetriesExhausted' : 'SinkRemoved'
          const why = claimed.sink === 'b' ? { cause: 'timeout' } : {}
          await inbox.record(claimed, { type: 'DeadLetter', reason, ...why })
        }
        const told = async (from: Inbox) =>
          (await listed(from, { limit: 10 }))
            .toSorted((a, b) => a.sink.localeCompare(b.sink))
            .map(({ sink, attempts, lastCause, firstDueMs, endedAtMs }) => [
              [sink, attempts, lastCause],
              [firstDueMs, endedAtMs],
            ])
        const wanted = [
          [
            ['a', 1, 'refused 422'],
            [startMs, startMs],
          ],
          [
            ['b', 2, 'timeout'],
            [startMs, startMs + 5_000],
          ],
          [
            ['c', 1, 'status 503'],
            [startMs, startMs + 5_000],
          ],
        ]
        assert.deepEqual(await told(inbox), wanted)
        const again = await under.reopen()
        assert.deepEqual(await told(again), wanted)
        await clock.advance({ hours: 1 })
        const [letter] = await listed(again, { limit: 1, sink: 'b' })
        assert.equal(await again.replay(letter?.deliveryId ?? ''), true)
        const replayed = await claimOne(again)
        assert.deepEqual([replayed.attempts, replayed.lastCause], [0, undefined])
        await again.record(replayed, { type: 'DeadLetter', reason: 'SinkRemoved' })
        const [ended] = await listed(again, { limit: 1, sink: 'b' })
        assert.deepEqual([ended?.attempts, ended?.lastCause, ended?.firstDueMs], [0, undefined, clock.now()])
      },
    )

    promise(
      'dead letters are found by type, reason and the time at which they were given up, and an unreadable body has no type',
      async ({ inbox, clock }) => {
        const startMs = clock.now()
        const types = ['batch.succeeded', 'batch.failed', undefined]
        for (const [at, type] of types.entries()) {
          const body = Buffer.from(type === undefined ? 'no JSON' : JSON.stringify({ type, data: {} }))
          await inbox.append(anEvent({ eventId: `msg_${at}`, body }))
          const reason = at === 0 ? 'Rejected' : 'SinkRemoved'
          await inbox.record(await claimOne(inbox), { type: 'DeadLetter', reason })
          await clock.advance({ seconds: 1 })
        }
        const found = async (query: Omit<DeadLetterQuery, 'limit'>) =>
          (await listed(inbox, { ...query, limit: 10 })).map(({ eventId }) => eventId)
        assert.deepEqual(await found({ eventType: 'batch.failed' }), ['msg_1'])
        assert.deepEqual(await found({ eventType: 'unknown' }), ['msg_2'])
        assert.deepEqual(await found({ reason: 'SinkRemoved' }), ['msg_2', 'msg_1'])
        assert.deepEqual(await found({ sinceMs: startMs + 1_000 }), ['msg_2', 'msg_1'])
        assert.deepEqual(await found({ untilMs: startMs + 1_000 }), ['msg_0'], 'the end does not belong to it')
        assert.deepEqual(await found({ sinceMs: startMs, untilMs: startMs + 2_000, reason: 'SinkRemoved' }), ['msg_1'])
      },
    )

    promise(
      'page after page shows each dead letter once, also those of one moment, and whatever is replayed in between',
      async ({ inbox, clock }) => {
        for (const name of ['a', 'b', 'c']) {
          await inbox.append(anEvent({ owner: anOwner(name), sinks: ['x', 'y'] }))
          for (const claimed of await inbox.claimDue(10, leaseMs)) {
            await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
          }
          await clock.advance({ ms: 1 })
        }
        const all = (await listed(inbox, { limit: 10 })).map(({ deliveryId }) => deliveryId)
        assert.equal(new Set(all).size, 6)
        const seen: string[] = []
        let after: DeadLetterPosition | undefined
        do {
          const query: DeadLetterQuery = { limit: 1, ...(after !== undefined && { after }) }
          const { deadLetters, next } = await inbox.deadLetters(query)
          seen.push(...deadLetters.map(({ deliveryId }) => deliveryId))
          // The one that ended this page is gone when the next is asked for.
          for (const { deliveryId } of deadLetters) assert.ok(await inbox.replay(deliveryId))
          after = next
        } while (after !== undefined)
        assert.deepEqual(seen, all)
      },
    )

    promise('the event of a dead letter can be read byte for byte, and of nothing else', async ({ inbox, clock }) => {
      const event = anEvent({ body: Buffer.from([0, 255, 10]), contentType: 'text/plain', sinks: ['a'] })
      await inbox.append(event)
      const claimed = await claimOne(inbox)
      assert.equal(await inbox.deadLetterEvent(claimed.deliveryId), undefined, 'it is pending')
      await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
      const [letter] = await listed(inbox, { limit: 1 })
      assert.ok(letter)
      const read = await inbox.deadLetterEvent(letter.deliveryId)
      assert.ok(read)
      assert.deepEqual({ ...read, body: Buffer.from(read.body) }, event)
      assert.equal(await inbox.deadLetterEvent('no such delivery'), undefined)
      await inbox.replay(letter.deliveryId)
      await clock.advance({ ms: 1 })
      assert.equal(await inbox.deadLetterEvent(letter.deliveryId), undefined, 'it is pending again')
    })

    promise('dead letters are bounded: an object loses its own oldest first', async ({ inbox, clock }) => {
      for (const id of ['msg_1', 'msg_2', 'msg_3', 'msg_4']) {
        await inbox.append(anEvent({ eventId: id }))
        await inbox.record(await claimOne(inbox), { type: 'DeadLetter', reason: 'Rejected' })
        await clock.advance({ ms: 1 })
      }
      const kept = await listed(inbox, { limit: 10 })
      assert.deepEqual(
        kept.map(({ eventId }) => eventId),
        ['msg_4', 'msg_3', 'msg_2'],
      )
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_1' })), 'duplicate', 'its id is still remembered')
    })

    promise(
      'an object over its share loses none of another; over all objects whoever has most makes room',
      async (under) => {
        const { inbox, clock } = under
        const giveUpAll = async (name: string, ids: readonly string[]) => {
          for (const eventId of ids) {
            await giveUp(inbox, anEvent({ eventId, owner: anOwner(name) }))
            await clock.advance({ ms: 1 })
          }
        }
        const kept = async () => (await listed(inbox, { limit: 10 })).map(({ eventId }) => eventId)
        await giveUpAll('quiet', ['msg_old'])
        await giveUpAll('crowded', ['msg_1', 'msg_2', 'msg_3', 'msg_4'])
        assert.deepEqual(await kept(), ['msg_4', 'msg_3', 'msg_2', 'msg_old'])
        await giveUpAll('third', ['msg_5', 'msg_6'])
        assert.deepEqual(await kept(), ['msg_6', 'msg_5', 'msg_4', 'msg_3', 'msg_2', 'msg_old'])
        await giveUpAll('third', ['msg_7'])
        assert.deepEqual(await kept(), ['msg_7', 'msg_6', 'msg_5', 'msg_4', 'msg_3', 'msg_old'])
      },
    )

    promise(
      'a dead letter counts the attempts that were made, none where it ended while it waited, also after a restart',
      async (under) => {
        const { inbox, clock } = under
        await inbox.append(anEvent({ sinks: ['held', 'tried', 'tried-and-held'] }))
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          const atMs = clock.now() + 5_000
          const isHeld = claimed.sink === 'held'
          await inbox.record(claimed, isHeld ? { type: 'Hold', untilMs: atMs } : { type: 'RetryAt', atMs })
        }
        await clock.advance({ seconds: 5 })
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          const unsent = claimed.sink === 'tried' ? {} : { unsent: true as const }
          await inbox.record(claimed, { type: 'DeadLetter', reason: 'RetriesExhausted', ...unsent })
        }
        const wanted = { held: 0, tried: 2, 'tried-and-held': 1 }
        assert.deepEqual(await attemptsIn(inbox), wanted)
        assert.deepEqual(await attemptsIn(await under.reopen()), wanted)
      },
    )

    promise('dead letters end for good after 30 days', async ({ inbox, clock }) => {
      await inbox.append(anEvent())
      await inbox.record(await claimOne(inbox), { type: 'DeadLetter', reason: 'Rejected' })
      await clock.advance({ hours: 30 * 24 - 1 })
      assert.equal((await inbox.stats()).deadLetters, 1)
      await clock.advance({ hours: 2 })
      await letRetentionRun(inbox, clock)
      assert.deepEqual(await listed(inbox, { limit: 10 }), [])
      assert.equal((await inbox.stats()).bodyBytes, 0)
    })

    promise('what is pending is listed oldest first, with attempts, next try and last cause', async (under) => {
      const { inbox, clock } = under
      const startMs = clock.now()
      await inbox.append(anEvent({ sinks: ['a'] }))
      await inbox.record(await claimOne(inbox), { type: 'RetryAt', atMs: startMs + 60_000, cause: 'status 503' })
      await clock.advance({ seconds: 5 })
      await inbox.append(anEvent({ eventId: 'msg_2', sinks: ['b'] }))
      await claimOne(inbox)
      await inbox.append(anEvent({ eventId: 'msg_3', sinks: ['c'], body: Buffer.from('no JSON') }))
      const common = { owner: anEvent().owner, attempts: 0, replayed: false }
      const later = { ...common, firstDueMs: startMs + 5_000 }
      const wanted = [
        {
          ...common,
          deliveryId: 'string',
          eventId: 'msg_1',
          eventType: 'batch.succeeded',
          sink: 'a',
          state: 'waiting',
          attempts: 1,
          firstDueMs: startMs,
          dueMs: startMs + 60_000,
          lastCause: 'status 503',
          lastStepMs: startMs,
        },
        {
          ...later,
          deliveryId: 'string',
          eventId: 'msg_2',
          eventType: 'batch.succeeded',
          sink: 'b',
          state: 'claimed',
          dueMs: startMs + 5_000 + leaseMs,
        },
        {
          ...later,
          deliveryId: 'string',
          eventId: 'msg_3',
          eventType: 'unknown',
          sink: 'c',
          state: 'waiting',
          dueMs: startMs + 5_000,
        },
      ]
      assert.deepEqual((await pendingIn(inbox, {})).map(named), wanted)
      await under.inbox.record(await claimOne(inbox), { type: 'Succeed' })
      const [survived] = (await pendingIn(await under.reopen(), { sink: 'a' })).map(named)
      assert.deepEqual(survived, wanted[0], 'causes and times survive a restart')
    })

    promise('what is pending is found by all that is asked for', async ({ inbox, clock }) => {
      const startMs = clock.now()
      for (const [at, type] of ['batch.succeeded', 'batch.failed'].entries()) {
        const body = Buffer.from(JSON.stringify({ type, data: {} }))
        await inbox.append(anEvent({ eventId: `msg_${at}`, sinks: [`sink-${at}`], body }))
        await inbox.record(await claimOne(inbox), { type: 'RetryAt', atMs: startMs + 90_000, cause: `status 50${at}` })
        await clock.advance({ seconds: 1 })
      }
      const found = async (query: Omit<PendingQuery, 'limit'>) =>
        (await pendingIn(inbox, query)).map(({ eventId }) => eventId)
      assert.deepEqual(await found({ eventType: 'batch.failed' }), ['msg_1'])
      assert.deepEqual(await found({ cause: 'status 500' }), ['msg_0'])
      assert.deepEqual(await found({ sink: 'sink-1' }), ['msg_1'])
      assert.deepEqual(await found({ eventId: 'msg_0' }), ['msg_0'])
      assert.deepEqual(await found({ owner: { namespace: 'ml', name: 'other' } }), [])
      assert.deepEqual(await found({ sinceMs: startMs + 1_000 }), ['msg_1'])
      assert.deepEqual(await found({ untilMs: startMs + 1_000 }), ['msg_0'], 'the end does not belong to it')
    })

    promise('page after page shows each pending delivery once, whatever ends in between', async ({ inbox, clock }) => {
      for (const name of ['a', 'b']) {
        await inbox.append(anEvent({ owner: anOwner(name), sinks: ['x', 'y'] }))
        await clock.advance({ ms: 1 })
      }
      const all = (await pendingIn(inbox, {})).map(({ deliveryId }) => deliveryId)
      assert.equal(new Set(all).size, 4)
      const seen: string[] = []
      let after: PendingPosition | undefined
      do {
        const { pending, next } = await inbox.pending({ limit: 1, ...(after !== undefined && { after }) })
        seen.push(...pending.map(({ deliveryId }) => deliveryId))
        if (seen.length === 1) await inbox.record(await claimOne(inbox), { type: 'Succeed' })
        after = next
      } while (after !== undefined)
      assert.deepEqual(seen.slice(0, 1), all.slice(0, 1))
      assert.equal(new Set(seen).size, seen.length)
      assert.ok(seen.length >= 3 && seen.length <= 4)
    })

    promise('a pending delivery is made due now by hand, its attempts and its cause as they are', async (under) => {
      const { inbox, clock } = under
      await inbox.append(anEvent())
      const first = await claimOne(inbox)
      const [claimed] = await pendingIn(inbox, {})
      assert.ok(claimed)
      assert.equal(await inbox.retryNow(claimed.deliveryId), undefined, 'it is claimed')
      await inbox.record(first, { type: 'RetryAt', atMs: clock.now() + 1_800_000, cause: 'timeout' })
      assert.equal(await inbox.retryNow(claimed.deliveryId), 'uid-1/worker')
      assert.equal(await inbox.retryNow(claimed.deliveryId), 'uid-1/worker', 'it is due already')
      assert.equal(await inbox.nextDueMs(), clock.now())
      assert.equal((await pendingIn(inbox, {}))[0]?.lastCause, 'timeout')
      const second = await claimOne(inbox)
      assert.deepEqual([second.attempts, second.firstDueMs, second.replayed], [1, first.firstDueMs, false])
      await inbox.record(second, { type: 'Succeed' })
      assert.equal(await inbox.retryNow(claimed.deliveryId), undefined)
      assert.equal(await inbox.retryNow('no such delivery'), undefined)
    })

    promise('a lane is hurried by so many at a time, and what failed since is left alone', async ({ inbox, clock }) => {
      for (let n = 1; n <= 4; n++) await inbox.append(anEvent({ eventId: `msg_${n}` }))
      await inbox.append(anEvent({ eventId: 'msg_5', sinks: ['other'] }))
      for (const claimed of await inbox.claimDue(10, leaseMs)) {
        await inbox.record(claimed, { type: 'RetryAt', atMs: clock.now() + 1_800_000 })
      }
      await clock.advance({ seconds: 1 })
      const since = { lane: 'uid-1/worker', recordedBeforeMs: clock.now() }
      assert.equal(await inbox.hurry({ ...since, limit: 1 }), 1)
      const again = await claimOne(inbox)
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [], 'one was hurried')
      await inbox.record(again, { type: 'RetryAt', atMs: clock.now() + 1_800_000 })
      assert.equal(await inbox.hurry({ ...since, limit: 2 }), 2)
      assert.equal(await inbox.hurry({ ...since, limit: 2 }), 1, 'the one that failed since is not hurried again')
      const claimed = await inbox.claimDue(10, leaseMs)
      assert.deepEqual(
        claimed.map(({ event, sink }) => [event.eventId === again.event.eventId, sink]),
        [1, 2, 3].map(() => [false, 'worker']),
      )
      assert.equal(await inbox.hurry({ lane: 'uid-1/unknown', recordedBeforeMs: clock.now(), limit: 2 }), 0)
    })

    promise('a Hold without a cause keeps that of the attempt before', async ({ inbox, clock }) => {
      await inbox.append(anEvent())
      const untilMs = clock.now() + 1_000
      await inbox.record(await claimOne(inbox), { type: 'Hold', untilMs, cause: 'filterInvalid' })
      await clock.advance({ seconds: 1 })
      await inbox.record(await claimOne(inbox), { type: 'Hold', untilMs: clock.now() + 1_000 })
      assert.equal((await pendingIn(inbox, {}))[0]?.lastCause, 'filterInvalid')
    })

    promise('stats tell for a day whose dead letters were dropped, to make room or by age', async (under) => {
      const { inbox, clock } = under
      const crowded = anOwner('crowded')
      for (const id of ['msg_1', 'msg_2', 'msg_3']) await giveUp(inbox, anEvent({ eventId: id, owner: crowded }))
      await giveUp(inbox, anEvent())
      assert.deepEqual((await inbox.stats()).lastDropMsByOwner, new Map())
      await clock.advance({ hours: 1 })
      await giveUp(inbox, anEvent({ eventId: 'msg_4', owner: crowded }))
      assert.deepEqual((await inbox.stats()).lastDropMsByOwner, new Map([[crowded.uid, clock.now()]]))
      await clock.advance({ hours: 25 })
      assert.deepEqual((await inbox.stats()).lastDropMsByOwner, new Map())
      await clock.advance({ hours: 29 * 24 })
      await letRetentionRun(inbox, clock)
      const dropped = (await inbox.stats()).lastDropMsByOwner
      assert.deepEqual([...dropped.keys()].toSorted(), ['uid-1', crowded.uid].toSorted())
      for (const atMs of dropped.values()) assert.ok(clock.now() - atMs < 3_600_000)
    })

    promise('stats tell what is there and how old', async ({ inbox, clock }) => {
      await inbox.append(anEvent({ body: Buffer.alloc(100), sinks: ['a', 'b'] }))
      await inbox.append(anEvent({ body: Buffer.alloc(50), owner: anOwner('other') }))
      await clock.advance({ seconds: 7 })
      assert.deepEqual(await inbox.stats(), {
        events: 2,
        bodyBytes: 150,
        pending: 3,
        deadLetters: 0,
        rememberedIds: 2,
        kept: 0,
        oldestPendingMs: 7_000,
        byNamespace: new Map([['ml', { events: 2, bytes: 150, deadLetters: 0, rememberedIds: 2 }]]),
        pendingByOwner: new Map([
          ['uid-1', 2],
          ['uid-of-other', 1],
        ]),
        lastDropMsByOwner: new Map(),
      })
    })

    promise(
      'the backlog tells by sink what is pending and what was given up, and outlives a restart',
      async ({ inbox, reopen }) => {
        assert.deepEqual(await backlogOf(inbox), [])
        for (const eventId of ['1', '2']) await inbox.append(anEvent({ eventId, sinks: ['a', 'b'] }))
        await inbox.append(anEvent({ owner: anOwner('other'), sinks: ['a'] }))
        for (const claimed of await inbox.claimDue(10, leaseMs)) {
          if (claimed.event.owner.name === 'other') await inbox.record(claimed, { type: 'Succeed' })
          else if (claimed.sink === 'a') await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
        }
        const expected = [
          ['uid-1/a', 0, 2],
          ['uid-1/b', 2, 0],
        ]
        assert.deepEqual(await backlogOf(inbox), expected)
        const again = await reopen()
        assert.deepEqual(await backlogOf(again), expected)
        const { deadLetters } = await again.deadLetters({ limit: 1 })
        assert.equal(await again.replay(deadLetters[0]?.deliveryId ?? ''), true)
        assert.deepEqual(await backlogOf(again), [
          ['uid-1/a', 1, 1],
          ['uid-1/b', 2, 0],
        ])
      },
    )

    promise('everything survives closing and opening again', async ({ inbox, reopen }) => {
      await inbox.append(anEvent({ sinks: ['a', 'b', 'c'] }))
      const [a, b] = await inbox.claimDue(2, leaseMs)
      assert.ok(a && b)
      await inbox.record(a, { type: 'DeadLetter', reason: 'Rejected' })
      await inbox.record(b, { type: 'Succeed' })
      const before = await inbox.stats()
      const again = await reopen()
      assert.deepEqual(await again.stats(), before)
      assert.equal(await again.append(anEvent()), 'duplicate')
      assert.equal((await claimOne(again)).event.eventId, 'msg_1')
      assert.equal((await listed(again, { limit: 10 })).length, 1)
    })

    promise(
      'claims left behind by a process are due at once in the next; the third crash in a row parks the delivery',
      async (under) => {
        await under.inbox.append(anEvent())
        let { inbox } = under
        for (let crash = 1; crash <= 3; crash++) {
          assert.equal((await inbox.claimDue(10, leaseMs)).length, 1, `claim ${crash}`)
          inbox = await under.reopen()
        }
        assert.deepEqual(await inbox.claimDue(10, leaseMs), [])
        const [letter] = await listed(inbox, { limit: 10 })
        assert.equal(letter?.reason, 'CrashedRepeatedly')
        assert.equal(letter.eventType, 'batch.succeeded')
      },
    )

    promise(
      'what twice saw the process end is tried alone, so that the culprit parks without its neighbours',
      async (under) => {
        for (const id of ['good_1', 'culprit', 'good_2']) await under.inbox.append(anEvent({ eventId: id }))
        let { inbox } = under
        for (let crash = 1; crash <= 2; crash++) {
          assert.equal((await inbox.claimDue(10, leaseMs)).length, 3)
          inbox = await under.reopen()
        }
        for (let rounds = 0; rounds < 10 && (await inbox.stats()).pending > 0; rounds++) {
          const claimed = await inbox.claimDue(10, leaseMs)
          assert.ok(claimed.length <= 1, 'one suspect at a time')
          const [suspect] = claimed
          if (suspect?.event.eventId === 'culprit') inbox = await under.reopen()
          else if (suspect !== undefined) await inbox.record(suspect, { type: 'Succeed' })
          await under.clock.advance({ seconds: 1 })
        }
        const letters = await listed(inbox, { limit: 10 })
        assert.deepEqual(
          letters.map(({ eventId }) => eventId),
          ['culprit'],
        )
      },
    )

    promise('after two crashes the innocent follow each other closely', async (under) => {
      const ids = ['good_1', 'good_2', 'good_3', 'good_4', 'good_5']
      for (const id of ids) await under.inbox.append(anEvent({ eventId: id }))
      let { inbox } = under
      for (let crash = 1; crash <= 2; crash++) {
        assert.equal((await inbox.claimDue(10, leaseMs)).length, ids.length)
        inbox = await under.reopen()
      }
      const startMs = under.clock.now()
      for (let pending = ids.length; pending > 0; { pending } = await inbox.stats()) {
        for (const suspect of await inbox.claimDue(10, leaseMs)) await inbox.record(suspect, { type: 'Succeed' })
        const tookMs = under.clock.now() - startMs
        assert.ok(tookMs < 100 * ids.length, `${pending} waited longer than ${tookMs} ms`)
        await under.clock.advance({ ms: 10 })
      }
    })

    promise('a closed inbox refuses, and closing twice is fine', async ({ inbox }) => {
      await inbox.close()
      await inbox.close()
      await assert.rejects(inbox.append(anEvent()), { code: 'ERR_INBOX_UNAVAILABLE' })
    })
  })
}

/**
 * Forgetting is work of its own, planned every few seconds: a round that began before the jump in time, then one after
 * it.
 */
export async function letRetentionRun(inbox: Inbox, clock: FakeClock): Promise<void> {
  for (let round = 0; round < 2; round++) {
    await inbox.stats()
    await clock.advance({ seconds: 10 })
  }
  await inbox.stats()
}

async function listed(inbox: Inbox, query: DeadLetterQuery): Promise<DeadLetter[]> {
  return (await inbox.deadLetters(query)).deadLetters
}

/** Ids are the driver's own. */
function named(delivery: PendingDelivery) {
  return { ...delivery, deliveryId: typeof delivery.deliveryId }
}

async function pendingIn(inbox: Inbox, query: Omit<PendingQuery, 'limit'>): Promise<PendingDelivery[]> {
  return (await inbox.pending({ limit: 10, ...query })).pending
}

/** Appends the event and makes its one delivery a dead letter. */
export async function giveUp(inbox: Inbox, event: NewEvent): Promise<void> {
  assert.equal(await inbox.append(event), 'stored')
  await inbox.record(await claimOne(inbox), { type: 'DeadLetter', reason: 'Rejected' })
}

/** Of its dead letters, by sink. */
async function attemptsIn(inbox: Inbox): Promise<Record<string, number>> {
  const letters = await listed(inbox, { limit: 10 })
  return Object.fromEntries(letters.map(({ sink, attempts }) => [sink, attempts]))
}

async function claimOne(inbox: Inbox): Promise<ClaimedDelivery> {
  const [claimed] = await inbox.claimDue(1, leaseMs)
  assert.ok(claimed, 'a delivery is due')
  return claimed
}
