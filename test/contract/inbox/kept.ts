import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { ClaimedDelivery, DeadLetterPosition, Inbox, KeptDelivery, KeptQuery } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import type { FakeClock } from '../../support/doubles/fake-clock.ts'
import { letRetentionRun, promisesOf, type MakeInbox } from './suite.ts'

const leaseMs = 60_000
const keepMs = 72 * 3_600_000
const kibibyte = 1024
/** Three fifths of the bytes may be filled by what is kept, half of these by one object. */
const bounds = { maxBytes: 4096 * kibibyte, maxEvents: 1_000, ownerShare: 0.5 }
const large = Buffer.alloc(128 * kibibyte, 'x')

/** What holds of deliveries that succeeded and are kept, for any driver. */
export function keptContract(driver: string, make: MakeInbox): void {
  const promise = promisesOf(make, { bounds })

  void describe(`kept after delivery: ${driver}`, () => {
    promise('what succeeded is listed until its time, newest first, also after a restart', async (under) => {
      const { inbox, clock } = under
      const startMs = clock.now()
      await deliver(inbox, clock, anEvent({ sinks: ['a', 'b'] }))
      await clock.advance({ seconds: 1 })
      await deliver(inbox, clock, anEvent({ eventId: 'msg_2', owner: anOwner('other'), body: Buffer.from('no JSON') }))
      const told = async (from: Inbox, query: Partial<KeptQuery> = {}) =>
        (await listed(from, query)).map(({ eventId, eventType, sink, endedAtMs, keepUntilMs }) =>
          [eventId, eventType, sink, endedAtMs - startMs, keepUntilMs - endedAtMs].join(' '),
        )
      const first = ['a', 'b'].map((sink) => `msg_1 batch.succeeded ${sink} 0 ${keepMs}`)
      const second = `msg_2 unknown worker 1000 ${keepMs}`
      const inOrder = async (from: Inbox) => {
        const [newest, ...rest] = await told(from)
        assert.deepEqual([newest, ...rest.toSorted()], [second, ...first])
      }
      await inOrder(inbox)
      const again = await under.reopen()
      await inOrder(again)
      assert.deepEqual(await told(again, { sink: 'b' }), [first[1]])
      assert.deepEqual(await told(again, { owner: { namespace: 'ml', name: 'other' } }), [second])
      assert.deepEqual(await told(again, { eventType: 'unknown', sinceMs: startMs + 1_000 }), [second])
      assert.deepEqual(await told(again, { untilMs: startMs + 1_000, eventId: 'msg_2' }), [])
      assert.equal((await again.stats()).kept, 3)
      await clock.advance({ hours: 72, seconds: 2 })
      await letRetentionRun(again, clock)
      assert.deepEqual([await told(again), (await again.stats()).kept], [[], 0])
    })

    promise('page after page shows each once', async ({ inbox, clock }) => {
      for (const eventId of ['msg_1', 'msg_2', 'msg_3']) {
        await deliver(inbox, clock, anEvent({ eventId, sinks: ['a', 'b'] }))
      }
      const seen: string[] = []
      let after: DeadLetterPosition | undefined
      do {
        const { kept, next } = await inbox.kept({ limit: 1, ...(after !== undefined && { after }) })
        seen.push(...kept.map(({ eventId, sink }) => `${eventId} ${sink}`))
        after = next
      } while (after !== undefined)
      assert.deepEqual([seen.length, new Set(seen).size], [6, 6])
    })

    promise(
      'it counts nowhere else, and its id is a duplicate for as long as it is kept and 25 hours',
      async (under) => {
        const { clock } = under
        let { inbox } = under
        await deliver(inbox, clock, anEvent())
        const { events, bodyBytes, pending, deadLetters, byNamespace } = await inbox.stats()
        assert.deepEqual([events, bodyBytes, pending, deadLetters], [0, 0, 0, 0])
        assert.equal(byNamespace.get('ml')?.bytes ?? 0, 0)
        assert.deepEqual([await inbox.backlog(), await inbox.nextDueMs()], [[], undefined])
        await clock.advance({ hours: 71 })
        await letRetentionRun(inbox, clock)
        inbox = await under.reopen()
        assert.equal(await inbox.append(anEvent()), 'duplicate')
        await clock.advance({ hours: 2 })
        await letRetentionRun(inbox, clock)
        await clock.advance({ hours: 24 })
        await letRetentionRun(inbox, clock)
        assert.equal(await inbox.append(anEvent()), 'duplicate')
        await clock.advance({ hours: 2 })
        await letRetentionRun(inbox, clock)
        assert.equal(await inbox.append(anEvent()), 'stored')
      },
    )

    promise('a replay sends it once more, byte for byte and marked, and it is kept anew', async (under) => {
      const { inbox, clock } = under
      const event = anEvent({ body: Buffer.from([0, 255, 10]), contentType: 'text/plain', sinks: ['a', 'b'] })
      await deliver(inbox, clock, event)
      await clock.advance({ hours: 1 })
      const again = await under.reopen()
      const [letter] = await listed(again, { sink: 'b' })
      assert.ok(letter)
      assert.equal(await again.replay(letter.deliveryId), true)
      assert.equal(await again.replay(letter.deliveryId), false, 'it is pending')
      assert.equal((await listed(again)).length, 1, 'that of the other sink')
      const { events, pending, bodyBytes } = await again.stats()
      assert.deepEqual([events, pending, bodyBytes], [1, 1, 3], 'it is charged again')
      const [claimed, ...others] = await again.claimDue(10, leaseMs)
      assert.ok(claimed && others.length === 0)
      assert.deepEqual([claimed.sink, claimed.attempts, claimed.replayed], ['b', 0, true])
      assert.deepEqual({ ...claimed.event, body: Buffer.from(claimed.event.body) }, { ...event, sinks: ['b'] })
      await keep(again, clock, claimed)
      assert.equal((await listed(again)).length, 2)
      assert.equal((await again.stats()).events, 0)
    })

    promise('beside a dead letter of the same event each has its own end', async ({ inbox, clock }) => {
      await inbox.append(anEvent({ sinks: ['a', 'b', 'c'] }))
      for (const claimed of await inbox.claimDue(10, leaseMs)) {
        if (claimed.sink === 'a') await keep(inbox, clock, claimed)
        else if (claimed.sink === 'b') await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
        else await inbox.record(claimed, { type: 'Skip' })
      }
      assert.deepEqual([(await inbox.stats()).events, (await inbox.stats()).kept], [1, 1])
      await clock.advance({ hours: 73 })
      await letRetentionRun(inbox, clock)
      assert.deepEqual(await listed(inbox), [])
      const { deadLetters } = await inbox.deadLetters({ limit: 10 })
      assert.equal(await inbox.replay(deadLetters[0]?.deliveryId ?? ''), true)
      const [claimed] = await inbox.claimDue(10, leaseMs)
      assert.ok(claimed)
      await inbox.record(claimed, { type: 'Succeed' })
      assert.deepEqual([(await inbox.stats()).events, (await inbox.stats()).bodyBytes], [0, 0])
    })

    promise('without the wish nothing is kept', async ({ inbox }) => {
      await inbox.append(anEvent())
      const [claimed] = await inbox.claimDue(1, leaseMs)
      assert.ok(claimed)
      await inbox.record(claimed, { type: 'Succeed' })
      assert.deepEqual([await listed(inbox), (await inbox.stats()).kept], [[], 0])
    })

    promise('what is kept never makes an append be refused, and goes first: the oldest', async ({ inbox, clock }) => {
      const owner = anOwner('keeps')
      for (let at = 0; at < 40; at += 1) {
        await deliver(inbox, clock, anEvent({ eventId: `kept_${at}`, owner, body: large }))
        await clock.advance({ ms: 1 })
      }
      const left = (await listed(inbox)).map(({ eventId }) => eventId)
      assert.ok(left.length >= 4 && left.length < 12, `${left.length} of 40 are within the share of the object`)
      assert.deepEqual(
        left,
        Array.from(left, (_, at) => `kept_${39 - at}`),
        'the newest stay',
      )
      const taken = await fill(inbox, 'loud')
      assert.ok(taken >= 10, `${taken} of another object were taken`)
      await letRetentionRun(inbox, clock)
      assert.ok((await listed(inbox)).length < left.length, 'what was kept made room')
      assert.equal(inbox.obstacle, undefined)
      const { byNamespace } = await inbox.stats()
      assert.equal(byNamespace.get('ml')?.events, taken, 'nothing of what is pending made room')
    })
  })
}

async function keep(inbox: Inbox, clock: FakeClock, claimed: ClaimedDelivery): Promise<void> {
  await inbox.record(claimed, { type: 'Succeed', keepUntilMs: clock.now() + keepMs })
}

async function deliver(inbox: Inbox, clock: FakeClock, event: ReturnType<typeof anEvent>): Promise<void> {
  assert.equal(await inbox.append(event), 'stored')
  for (const claimed of await inbox.claimDue(10, leaseMs)) await keep(inbox, clock, claimed)
}

async function listed(inbox: Inbox, query: Partial<KeptQuery> = {}): Promise<KeptDelivery[]> {
  return (await inbox.kept({ limit: 100, ...query })).kept
}

/** Appends until it is refused; returns how many were taken. */
async function fill(inbox: Inbox, name: string): Promise<number> {
  for (let at = 0; at < 100; at += 1) {
    const event = anEvent({ eventId: `${name}_${at}`, owner: anOwner(name), body: large })
    if ((await inbox.append(event)) !== 'stored') return at
  }
  return 100
}
