import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { Inbox, NewEvent } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { letRetentionRun, promisesOf, suiteBounds, type InboxUnderTest, type MakeInbox } from './suite.ts'

const leaseMs = 60_000
const hourMs = 3_600_000
const dedupe = { key: 'batch.succeeded.abc123', rememberMs: 80 * hourMs }
/** The same end of the same job, from two senders. */
const google = anEvent({ eventId: 'msg_1', dedupe })
const other = anEvent({ eventId: 'backfill_abc123_batch_succeeded', signature: 'v1,bbbb', dedupe })

/** Whether it was stored by an append that claims or by one that does not, the promises are the same. */
const ways = {
  append: (inbox: Inbox, event: NewEvent) => inbox.append(event),
  appendClaiming: async (inbox: Inbox, event: NewEvent) =>
    (await inbox.appendClaiming(event, new Map(event.sinks.map((sink) => [sink, leaseMs])))).result,
}

/** What holds of events that have a `dedupe`, for any driver. */
export function foldingContract(driver: string, make: MakeInbox): void {
  const promise = promisesOf(make, { bounds: suiteBounds })

  void describe(`events that are recognised by what they tell: ${driver}`, () => {
    for (const [way, append] of Object.entries(ways)) {
      for (const [first, second] of [
        [google, other],
        [other, google],
      ] as const) {
        promise(
          `${way}: ${first.eventId} folds ${second.eventId}, waiting, ended and after restarts`,
          async (under) => {
            assert.equal(await append(under.inbox, first), 'stored')
            assert.equal(await append(under.inbox, second), 'duplicate')
            assert.equal(await append(under.inbox, first), 'duplicate')
            let inbox = await under.reopen()
            assert.equal(await append(inbox, second), 'duplicate')
            await under.clock.advance({ ms: leaseMs })
            assert.deepEqual(await deliverAll(inbox), [first], 'as it was appended, once')
            assert.equal(await append(inbox, second), 'duplicate')
            assert.equal(await append(inbox, first), 'duplicate')
            inbox = await under.reopen()
            assert.equal(await append(inbox, second), 'duplicate')
            assert.deepEqual(await deliverAll(inbox), [])
          },
        )
      }

      promise(`${way}: it is recognised for as long as was asked, and not for ever`, async (under) => {
        const { inbox, clock } = under
        await append(inbox, google)
        await clock.advance({ ms: leaseMs })
        await deliverAll(inbox)
        const again = await pass(under, inbox, 79 * hourMs)
        await letRetentionRun(again, clock)
        assert.equal(await append(again, other), 'duplicate')
        const later = await pass(under, again, 2 * hourMs)
        await letRetentionRun(later, clock)
        assert.equal(await append(later, other), 'stored')
      })
    }

    promise('many appends of one key at once store it once', async ({ inbox }) => {
      const events = Array.from({ length: 20 }, (_, n) => anEvent({ eventId: `msg_${n}`, dedupe }))
      const results = await Promise.all(events.map((event) => inbox.append(event)))
      assert.equal(results.filter((result) => result === 'stored').length, 1)
      assert.equal(results.filter((result) => result === 'duplicate').length, 19)
    })

    promise('it is recognised no shorter than an id', async (under) => {
      const brief = { ...dedupe, rememberMs: 1 }
      await under.inbox.append({ ...google, dedupe: brief })
      await deliverAll(under.inbox)
      const inbox = await pass(under, under.inbox, 24.9 * hourMs)
      await letRetentionRun(inbox, under.clock)
      assert.equal(await inbox.append({ ...other, dedupe: brief }), 'duplicate')
    })

    promise('an id that is not recognised by a key is forgotten when it always was', async (under) => {
      await under.inbox.append(google)
      await under.inbox.append(anEvent({ eventId: 'plain' }))
      await deliverAll(under.inbox)
      const inbox = await pass(under, under.inbox, 26 * hourMs)
      await letRetentionRun(inbox, under.clock)
      assert.equal(await inbox.append(anEvent({ eventId: 'plain' })), 'stored')
      assert.equal(await inbox.append(other), 'duplicate')
    })

    promise('what waits for longer than that is delivered once all the same', async (under) => {
      await under.inbox.append(google)
      const inbox = await pass(under, under.inbox, 100 * hourMs)
      await letRetentionRun(inbox, under.clock)
      assert.deepEqual(await deliverAll(inbox), [google])
      assert.equal(await inbox.append(other), 'duplicate', 'its time began with its end')
    })

    promise('without sinks it is recognised as well', async ({ inbox }) => {
      assert.equal(await inbox.append({ ...google, sinks: [] }), 'stored')
      assert.equal(await inbox.append(other), 'duplicate')
      assert.deepEqual(await deliverAll(inbox), [])
    })

    promise('keys are of one object, and another key is another event', async ({ inbox }) => {
      await inbox.append(google)
      assert.equal(await inbox.append({ ...other, owner: anOwner('another') }), 'stored')
      assert.equal(await inbox.append({ ...other, dedupe: { ...dedupe, key: 'batch.failed.abc123' } }), 'stored')
      assert.equal((await inbox.stats()).pending, 3)
    })

    promise('what was stored before its object told of a key is recognised by its id', async (under) => {
      const { dedupe: _, ...before } = google
      await under.inbox.append(before)
      assert.equal(await under.inbox.append(google), 'duplicate', 'while it waits')
      assert.deepEqual(await deliverAll(under.inbox), [before])
      assert.equal(await under.inbox.append(google), 'duplicate', 'once it has ended')
      const inbox = await under.reopen()
      assert.equal(await inbox.append(google), 'duplicate', 'after a restart')
      assert.equal(await inbox.appendGivenUp(google, 'RouteFull'), 'duplicate')
    })

    promise('one that is given up from the beginning folds and is folded', async ({ inbox }) => {
      assert.equal(await inbox.appendGivenUp(google, 'RouteFull'), 'stored')
      assert.equal(await inbox.append(other), 'duplicate')
      assert.equal(await inbox.appendGivenUp(other, 'RouteFull'), 'duplicate')
      const [letter] = (await inbox.deadLetters({ limit: 10 })).deadLetters
      assert.equal(letter?.eventId, google.eventId)
      assert.equal(await inbox.replay(letter.deliveryId), true)
      assert.deepEqual(await deliverAll(inbox), [google])
      assert.equal(await inbox.append(other), 'duplicate')
    })

    promise('what fails, is given up and is replayed stays one', async (under) => {
      await under.inbox.append(google)
      const [claimed] = await under.inbox.claimDue(1, leaseMs)
      assert.ok(claimed)
      await under.inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
      const inbox = await under.reopen()
      assert.equal(await inbox.append(other), 'duplicate')
      const [letter] = (await inbox.deadLetters({ limit: 10, eventId: 'msg_1' })).deadLetters
      assert.ok(letter)
      await inbox.replay(letter.deliveryId)
      assert.deepEqual(await deliverAll(inbox), [google])
      assert.equal(await inbox.append(other), 'duplicate')
    })

    promise('what succeeded and is kept folds', async (under) => {
      await under.inbox.append(google)
      const [claimed] = await under.inbox.claimDue(1, leaseMs)
      assert.ok(claimed)
      await under.inbox.record(claimed, { type: 'Succeed', keepUntilMs: under.clock.now() + hourMs })
      const inbox = await under.reopen()
      assert.equal(await inbox.append(other), 'duplicate')
      await under.clock.advance({ hours: 1 })
      await letRetentionRun(inbox, under.clock)
      assert.equal((await inbox.stats()).kept, 0)
      assert.equal(await inbox.append(other), 'duplicate', 'once it is not kept any more')
    })

    promise('a full object is told of a duplicate, not to come again', async ({ inbox }) => {
      await inbox.append(google)
      let number = 0
      while ((await inbox.append(anEvent({ eventId: `fill_${number}` }))) === 'stored') number += 1
      assert.equal(await inbox.append(other), 'duplicate')
      assert.equal(await inbox.append({ ...other, dedupe: { ...dedupe, key: 'batch.failed.abc123' } }), 'ownerFull')
      assert.equal(
        await inbox.append({ ...anEvent({ eventId: 'fill_0' }), dedupe: { ...dedupe, key: 'batch.expired.abc123' } }),
        'duplicate',
        'by the id that it was stored with',
      )
    })
  })
}

/** Hands on all that is due; the events as a sink got them. */
async function deliverAll(inbox: Inbox): Promise<NewEvent[]> {
  const claimed = await inbox.claimDue(100, leaseMs)
  for (const each of claimed) await inbox.record(each, { type: 'Succeed' })
  return claimed.map(({ event }) => Object.assign(event, { body: Buffer.from(event.body) }))
}

/** Days in which nothing is open, and no timer of the inbox has to run. */
async function pass({ clock, reopen }: InboxUnderTest, inbox: Inbox, ms: number): Promise<Inbox> {
  await inbox.close()
  await clock.advance({ ms })
  return reopen()
}
