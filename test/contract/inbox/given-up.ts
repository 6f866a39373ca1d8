import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { DeadLetter, GivenUpResult, Inbox, NewEvent } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { fillUp } from '../../support/builders/fill-up.ts'
import { giveUp, letRetentionRun, promisesOf, type MakeInbox } from './suite.ts'

const leaseMs = 60_000
/** An object is full with 80 events; what it gives up may take five more. */
const bounds = { maxEvents: 160, ownerShare: 0.5, maxDeadLetters: 40, deadLetterShare: 0.5 }
const fullAt = 80
const moreThanFull = 5
const route = anOwner('groute/nightly', 'team')

/** What holds of events that are given up from the beginning, for any driver. */
export function givenUpContract(driver: string, make: MakeInbox): void {
  const promise = promisesOf(make, { bounds })

  void describe(`given up from the beginning: ${driver}`, () => {
    promise('each sink has a dead letter, replayable byte for byte, also after a restart', async (under) => {
      const event = anEvent({ owner: route, body: Buffer.from([0, 255, 10]), sinks: ['a', 'b'] })
      assert.equal(await under.inbox.appendGivenUp(event, 'RouteFull'), 'stored')
      const endedAtMs = under.clock.now()
      await under.clock.advance({ seconds: 5 })
      const inbox = await under.reopen()
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [], 'no attempt is made')
      assert.equal((await inbox.stats()).pending, 0)
      assert.equal(await inbox.nextDueMs(), undefined)
      const letters = await listed(inbox)
      assert.deepEqual(letters.map(({ sink }) => sink).toSorted(), ['a', 'b'])
      for (const { reason, attempts, endedAtMs: ended, owner, eventType } of letters) {
        assert.deepEqual([reason, attempts, ended, owner, eventType], ['RouteFull', 0, endedAtMs, route, 'unknown'])
      }
      const [letter] = letters
      assert.ok(letter)
      const read = await inbox.deadLetterEvent(letter.deliveryId)
      assert.ok(read)
      assert.deepEqual({ ...read, body: Buffer.from(read.body) }, { ...event, sinks: [letter.sink] })
      assert.equal(await inbox.replay(letter.deliveryId), true)
      const [claimed] = await inbox.claimDue(10, leaseMs)
      assert.deepEqual([claimed?.sink, claimed?.attempts, claimed?.replayed], [letter.sink, 0, true])
      assert.ok(claimed)
      await inbox.record(claimed, { type: 'Succeed' })
      const left = await inbox.stats()
      assert.deepEqual([left.pending, left.deadLetters, left.events], [0, 1, 1])
    })

    promise('its type is that of the sender, as for any dead letter', async ({ inbox }) => {
      await inbox.appendGivenUp(anEvent({ owner: route }), 'RouteFull')
      const { deadLetters } = await inbox.deadLetters({ limit: 10, eventType: 'batch.succeeded', reason: 'RouteFull' })
      assert.equal(deadLetters.length, 1)
    })

    promise('it is idempotent: with itself, with an append before and with one after', async (under) => {
      const { inbox, clock } = under
      const once = anEvent({ owner: route })
      const results = await Promise.all(Array.from({ length: 8 }, () => inbox.appendGivenUp(once, 'RouteFull')))
      assert.deepEqual(results.toSorted(), [...Array<GivenUpResult>(7).fill('duplicate'), 'stored'])
      assert.equal(await inbox.append(once), 'duplicate')
      const appended = anEvent({ owner: route, eventId: 'msg_2' })
      assert.equal(await inbox.append(appended), 'stored')
      assert.equal(await inbox.appendGivenUp(appended, 'RouteFull'), 'duplicate')
      for (const claimed of await inbox.claimDue(10, leaseMs)) await inbox.record(claimed, { type: 'Succeed' })
      assert.equal(await inbox.appendGivenUp(appended, 'RouteFull'), 'duplicate', 'its id is remembered')
      await clock.advance({ hours: 20 })
      const again = await under.reopen()
      for (const event of [once, appended]) assert.equal(await again.appendGivenUp(event, 'RouteFull'), 'duplicate')
      assert.equal((await listed(again)).length, 1)
    })

    promise('without sinks its id alone is kept', async ({ inbox }) => {
      const event = anEvent({ owner: route, sinks: [] })
      assert.equal(await inbox.appendGivenUp(event, 'RouteFull'), 'stored')
      assert.equal(await inbox.appendGivenUp(event, 'RouteFull'), 'duplicate')
      assert.deepEqual(await listed(inbox), [])
    })

    promise(
      'a full owner keeps a few of what it gives up, the newest, and nothing of its pending ends',
      async (under) => {
        const { inbox, clock } = under
        assert.equal(await fill(inbox, route), fullAt)
        for (let at = 0; at < 3 * moreThanFull; at += 1) {
          const event = anEvent({ eventId: `more_${at}`, owner: route, sinks: ['a', 'b'] })
          assert.equal(await inbox.append(event), 'ownerFull')
          assert.equal(await inbox.appendGivenUp(event, 'RouteFull'), 'stored', event.eventId)
          await clock.advance({ ms: 1 })
        }
        const { pending, deadLetters, events, lastDropMsByOwner } = await inbox.stats()
        assert.deepEqual([pending, events, deadLetters], [fullAt, fullAt + moreThanFull, 2 * moreThanFull])
        assert.deepEqual([...lastDropMsByOwner.keys()], [route.uid])
        const kept = new Set((await listed(inbox)).map(({ eventId }) => eventId))
        assert.deepEqual([...kept], ['more_14', 'more_13', 'more_12', 'more_11', 'more_10'])
        assert.equal(await inbox.appendGivenUp(anEvent({ eventId: 'more_0', owner: route }), 'RouteFull'), 'duplicate')
        assert.equal((await inbox.claimDue(1_000, leaseMs)).length, fullAt)
      },
    )

    promise('many at once leave as many as one after the other, and each is told', async ({ inbox }) => {
      await fill(inbox, route)
      const events = Array.from({ length: 4 * moreThanFull }, (_, at) =>
        anEvent({ eventId: `more_${at}`, owner: route }),
      )
      const results = await Promise.all(events.map((event) => inbox.appendGivenUp(event, 'RouteFull')))
      assert.deepEqual(new Set(results), new Set(['stored']))
      assert.equal((await listed(inbox)).length, moreThanFull)
    })

    promise('the owner has room for later events again once its pending ones end', async ({ inbox, clock }) => {
      await fill(inbox, route)
      for (let at = 0; at < moreThanFull; at += 1) {
        await inbox.appendGivenUp(anEvent({ eventId: `more_${at}`, owner: route }), 'RouteFull')
      }
      for (const claimed of await inbox.claimDue(1_000, leaseMs)) await inbox.record(claimed, { type: 'Succeed' })
      assert.equal(await inbox.append(anEvent({ eventId: 'later', owner: route })), 'stored')
      await clock.advance({ hours: 31 * 24 })
      await letRetentionRun(inbox, clock)
      const { deadLetters, events } = await inbox.stats()
      assert.deepEqual([deadLetters, events], [0, 1], 'dead letters end for good as all others do')
    })

    promise('what leaves no room is not dropped for it: its event is needed by another sink', async ({ inbox }) => {
      for (let at = 0; at < 3; at += 1) {
        await inbox.append(anEvent({ eventId: `half_${at}`, owner: route, sinks: ['dead', 'rejecting'] }))
      }
      for (const claimed of await inbox.claimDue(10, leaseMs)) {
        if (claimed.sink === 'rejecting') await inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
      }
      await fill(inbox, route)
      for (let at = 0; at < 2 * moreThanFull; at += 1) {
        await inbox.appendGivenUp(anEvent({ eventId: `more_${at}`, owner: route }), 'RouteFull')
      }
      const reasons = (await listed(inbox)).map(({ reason }) => reason)
      assert.deepEqual(reasons.filter((reason) => reason === 'Rejected').length, 3)
      assert.equal(reasons.length, 3 + moreThanFull)
    })

    promise('the bounds of dead letters hold, and of others none is dropped', async ({ inbox, clock }) => {
      await giveUp(inbox, anEvent({ eventId: 'quiet', owner: anOwner('quiet', 'other') }))
      for (let at = 0; at < 30; at += 1) {
        await clock.advance({ ms: 1 })
        assert.equal(await inbox.appendGivenUp(anEvent({ eventId: `msg_${at}`, owner: route }), 'RouteFull'), 'stored')
      }
      const kept = (await listed(inbox)).map(({ eventId }) => eventId)
      const own = Array.from({ length: 20 }, (_, at) => `msg_${29 - at}`)
      assert.deepEqual(kept, [...own, 'quiet'])
    })

    promise(
      'of an owner in a namespace that has its share nothing is kept, and all others are served',
      async (under) => {
        const { inbox } = under
        for (let at = 0; at < 10; at += 1) await fill(inbox, anOwner(`o${at}`, 'team'))
        const before = await inbox.stats()
        const other = anOwner('groute/other', 'team')
        const results: GivenUpResult[] = []
        for (let at = 0; at < 10; at += 1) {
          const event = anEvent({ eventId: `more_${at}`, owner: other })
          results.push(await inbox.appendGivenUp(event, 'RouteFull'))
        }
        assert.equal(results.at(-1), 'dropped')
        const after = await inbox.stats()
        assert.ok(after.events <= 0.8 * bounds.maxEvents, 'the share of its namespace')
        assert.equal(after.pending, before.pending)
        assert.ok(after.lastDropMsByOwner.has(other.uid), 'told like any that had to make room')
        const dropped = anEvent({ eventId: `more_9`, owner: other })
        assert.equal(await inbox.appendGivenUp(dropped, 'RouteFull'), 'dropped', 'nothing of it was kept')
        assert.ok((await fill(inbox, anOwner('o', 'neighbour'))) >= 20)
        assert.equal(inbox.obstacle, undefined)
      },
    )

    promise(
      'an owner whose ids have taken their room loses none of its dead letters for what cannot be kept',
      async ({ inbox }) => {
        await giveUp(inbox, anEvent({ eventId: 'kept', owner: route }))
        await fill(inbox, route, { sinks: [], body: Buffer.alloc(2) })
        let result: GivenUpResult = 'stored'
        for (let at = 0; result === 'stored'; at += 1) {
          result = await inbox.appendGivenUp(anEvent({ eventId: `more_${at}`, owner: route, sinks: [] }), 'RouteFull')
        }
        assert.equal(result, 'dropped')
        assert.deepEqual(
          (await listed(inbox)).map(({ eventId }) => eventId),
          ['kept'],
        )
        assert.equal(inbox.obstacle, undefined)
      },
      { bounds: { ...bounds, maxBytes: 512 * 1024 } },
    )

    promise(
      'an owner of which much waits to be written is not full: nothing of it is dropped, and the inbox takes others',
      async ({ inbox }) => {
        const body = Buffer.alloc(256 * 1024)
        const appended = Promise.all(
          Array.from({ length: 200 }, (_, at) => inbox.append(anEvent({ eventId: `msg_${at}`, owner: route, body }))),
        )
        const givenUp = await inbox.appendGivenUp(anEvent({ eventId: 'more', owner: route, body }), 'RouteFull')
        assert.ok(givenUp === 'full' || givenUp === 'stored', givenUp)
        assert.deepEqual(new Set(await appended), new Set(['stored', 'ownerBusy']))
        assert.deepEqual([...(await inbox.stats()).lastDropMsByOwner], [])
        assert.equal(inbox.obstacle, undefined)
        const again = await inbox.appendGivenUp(anEvent({ eventId: 'more', owner: route, body }), 'RouteFull')
        assert.equal(again, givenUp === 'full' ? 'stored' : 'duplicate')
      },
      { bounds: { maxBytes: 256 * 1024 * 1024 } },
    )

    promise('a full inbox keeps nothing, drops nothing, and says that it is full', async ({ inbox }) => {
      await giveUp(inbox, anEvent({ eventId: 'kept', owner: route }))
      await fillUp(inbox)
      const before = await inbox.stats()
      for (const eventId of ['more_1', 'more_2']) {
        assert.equal(await inbox.appendGivenUp(anEvent({ eventId, owner: route }), 'RouteFull'), 'full')
      }
      assert.equal(inbox.obstacle, 'Full')
      const { events, pending, deadLetters } = await inbox.stats()
      assert.deepEqual([events, pending, deadLetters], [before.events, before.pending, 1])
      assert.equal(await inbox.appendGivenUp(anEvent({ eventId: 'kept', owner: route }), 'RouteFull'), 'duplicate')
    })
  })
}

/** Appends for the owner until it is refused alone; returns how many were stored. */
async function fill(inbox: Inbox, owner: NewEvent['owner'], given: Partial<NewEvent> = {}): Promise<number> {
  for (let stored = 0; ; stored += 1) {
    const result = await inbox.append(anEvent({ ...given, eventId: `fill_${stored}`, owner }))
    if (result === 'ownerFull') return stored
    assert.equal(result, 'stored')
  }
}

/** Newest first. */
async function listed(inbox: Inbox): Promise<DeadLetter[]> {
  return (await inbox.deadLetters({ limit: 100 })).deadLetters
}
