import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { ClaimedDelivery, Inbox, NewEvent } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { fillUp } from '../../support/builders/fill-up.ts'
import { letRetentionRun, promisesOf, suiteBounds, type MakeInbox } from './suite.ts'

const leaseMs = 60_000

/**
 * What holds when an append is asked to claim. A driver may claim less than it is asked for, or nothing
 * (`claims: 'none'`): what it does not claim is due.
 */
export function firstClaimsContract(driver: string, make: MakeInbox, { claims }: { claims: 'asked' | 'none' }): void {
  const isClaiming = claims === 'asked'
  const promise = promisesOf(make, { bounds: suiteBounds })
  /** Stores an event and returns all its first attempts, whether they were claimed with it or are due. */
  const storeAndClaim = async (inbox: Inbox, event: NewEvent): Promise<ClaimedDelivery[]> => {
    const { result, claimed } = await inbox.appendClaiming(event, leasesOf(event))
    assert.equal(result, 'stored')
    if (!isClaiming) assert.deepEqual(claimed, [])
    return [...claimed, ...(await inbox.claimDue(10, leaseMs))]
  }

  void describe(`claims of an append: ${driver}`, () => {
    promise('each delivery is claimed with its event or due after it, never both, byte for byte', async ({ inbox }) => {
      const event = anEvent({
        body: Buffer.from([0, 255, 10]),
        contentType: 'text/plain; x="ü"',
        sinks: ['a', 'b', 'c'],
      })
      const { result, claimed } = await inbox.appendClaiming(
        event,
        new Map([
          ['a', leaseMs],
          ['c', leaseMs],
        ]),
      )
      assert.equal(result, 'stored')
      assert.deepEqual(
        claimed.map(({ sink }) => sink),
        isClaiming ? ['a', 'c'] : [],
      )
      const due = await inbox.claimDue(10, leaseMs)
      const all = [...claimed, ...due]
      assert.deepEqual(all.map(({ sink }) => sink).toSorted(), ['a', 'b', 'c'])
      assert.equal(new Set(all.map(({ deliveryId }) => deliveryId)).size, 3)
      for (const { event: got, sink, attempts, replayed } of all) {
        const wanted = { ...event, body: Buffer.from(event.body), sinks: [sink] }
        assert.deepEqual({ ...got, body: Buffer.from(got.body) }, wanted)
        assert.deepEqual([attempts, replayed], [0, false])
      }
      assert.deepEqual(await inbox.claimDue(10, leaseMs), [], 'nothing is left')
    })

    promise(
      'without leases, with names that it does not have and without sinks, nothing is claimed',
      async ({ inbox }) => {
        assert.deepEqual(await inbox.appendClaiming(anEvent(), new Map()), { result: 'stored', claimed: [] })
        const other = await inbox.appendClaiming(anEvent({ eventId: 'msg_2', sinks: ['b'] }), new Map([['c', leaseMs]]))
        assert.deepEqual(other, { result: 'stored', claimed: [] })
        const none = anEvent({ eventId: 'msg_3', sinks: [] })
        assert.deepEqual(await inbox.appendClaiming(none, leasesOf(anEvent())), { result: 'stored', claimed: [] })
        assert.equal((await inbox.claimDue(10, leaseMs)).length, 2)
      },
    )

    promise(
      'what was claimed with its event ends, is retried and given up like any other claim',
      async ({ inbox, clock }) => {
        const [ends] = await storeAndClaim(inbox, anEvent())
        const [retried] = await storeAndClaim(inbox, anEvent({ eventId: 'msg_2' }))
        const [given] = await storeAndClaim(inbox, anEvent({ eventId: 'msg_3' }))
        assert.ok(ends && retried && given)
        await inbox.record(ends, { type: 'Succeed' })
        await inbox.record(retried, { type: 'RetryAt', atMs: clock.now() + 1_000 })
        await inbox.record(given, { type: 'DeadLetter', reason: 'Rejected' })
        const { pending, deadLetters } = await inbox.stats()
        assert.deepEqual([pending, deadLetters], [1, 1])
        await clock.advance({ seconds: 1 })
        const [again] = await inbox.claimDue(10, leaseMs)
        assert.deepEqual([again?.event.eventId, again?.attempts, again?.firstDueMs], ['msg_2', 1, retried.firstDueMs])
        assert.equal(await inbox.append(anEvent()), 'duplicate')
      },
    )

    promise(
      'nobody else gets it before its lease ends; then it is due, and the record of the lost claim is harmless',
      async ({ inbox, clock }) => {
        const [lost] = await storeAndClaim(inbox, anEvent())
        assert.ok(lost)
        assert.equal(lost.firstDueMs, clock.now(), 'the lease counts from here')
        const { pending } = await inbox.pending({ limit: 10 })
        assert.deepEqual(
          pending.map(({ state, dueMs }) => [state, dueMs]),
          [['claimed', clock.now() + leaseMs]],
        )
        assert.equal(await inbox.nextDueMs(), clock.now() + leaseMs)
        await clock.advance({ ms: leaseMs - 1 })
        assert.deepEqual(await inbox.claimDue(10, leaseMs), [])
        await clock.advance({ ms: 1 })
        const [again] = await inbox.claimDue(10, leaseMs)
        assert.equal(again?.event.eventId, 'msg_1')
        await inbox.record(lost, { type: 'Succeed' })
        assert.equal((await inbox.stats()).pending, 1)
        await inbox.record(again, { type: 'Succeed' })
        assert.equal((await inbox.stats()).pending, 0)
      },
    )

    promise(
      'the id of an event that did not end at its first attempt is a duplicate for as long as the event is kept, and 25 hours more',
      async (under) => {
        const { clock } = under
        const eventIds = ['retried', 'given', 'lost', 'crashed']
        for (const eventId of eventIds.slice(0, 3)) {
          const [claimed] = await storeAndClaim(under.inbox, anEvent({ eventId }))
          assert.ok(claimed)
          const atMs = clock.now() + 30 * 3_600_000
          if (eventId === 'retried') await under.inbox.record(claimed, { type: 'RetryAt', atMs })
          if (eventId === 'given') await under.inbox.record(claimed, { type: 'DeadLetter', reason: 'Rejected' })
        }
        await clock.advance({ hours: 26 }) // nobody asks for what is due meanwhile
        await letRetentionRun(under.inbox, clock)
        await storeAndClaim(under.inbox, anEvent({ eventId: 'crashed', sinks: ['other'] }))
        const inbox = await under.reopen()
        await clock.advance({ hours: 26 })
        await letRetentionRun(inbox, clock)
        const expectDuplicates = async (when: string) => {
          for (const eventId of eventIds) assert.equal(await inbox.append(anEvent({ eventId })), 'duplicate', when)
        }
        await expectDuplicates('kept')
        const due = await inbox.claimDue(10, leaseMs)
        assert.deepEqual(due.map(({ event }) => event.eventId).toSorted(), ['crashed', 'lost', 'retried'])
        for (const delivery of due) await inbox.record(delivery, { type: 'Succeed' })
        await clock.advance({ hours: 24, minutes: 59 })
        await letRetentionRun(inbox, clock)
        await expectDuplicates('after the end')
      },
    )

    promise('what is not stored claims nothing', async ({ inbox }) => {
      const event = anEvent({ eventId: 'msg_0' })
      assert.equal((await storeAndClaim(inbox, event)).length, 1)
      assert.deepEqual(await inbox.appendClaiming(event, leasesOf(event)), { result: 'duplicate', claimed: [] })
      for (let at = 1; at < 6; at++) await inbox.append(anEvent({ eventId: `msg_${at}` }))
      const tooMany = anEvent({ eventId: 'msg_6' })
      assert.deepEqual(await inbox.appendClaiming(tooMany, leasesOf(tooMany)), { result: 'ownerFull', claimed: [] })
      await fillUp(inbox)
      const others = anEvent({ eventId: 'msg_7', owner: anOwner('o', 'one-more') })
      assert.deepEqual(await inbox.appendClaiming(others, leasesOf(others)), { result: 'inboxFull', claimed: [] })
    })

    promise(
      'nothing is claimed before what is due in its lane; other lanes do not wait for that',
      async ({ inbox, clock }) => {
        await inbox.append(anEvent({ sinks: ['a'] }))
        await clock.advance({ ms: 5 })
        const event = anEvent({ eventId: 'msg_2', sinks: ['a', 'b'] })
        const { claimed } = await inbox.appendClaiming(event, leasesOf(event))
        assert.deepEqual(
          claimed.map(({ sink }) => sink),
          isClaiming ? ['b'] : [],
        )
        const due = (await inbox.claimDue(10, leaseMs)).filter(({ sink }) => sink === 'a')
        assert.deepEqual(
          due.map(({ event: { eventId } }) => eventId),
          ['msg_1', 'msg_2'],
        )
        for (const one of due) await inbox.record(one, { type: 'RetryAt', atMs: clock.now() + 10_000 })
        const after = anEvent({ eventId: 'msg_3', sinks: ['a'] })
        const next = await inbox.appendClaiming(after, leasesOf(after))
        assert.equal(next.claimed.length, isClaiming ? 1 : 0, 'what waits for its time is in nobody’s way')
      },
    )

    promise(
      'one that its process did not live to begin is due at once in the next; the third crash parks it',
      async (under) => {
        assert.equal((await storeAndClaim(under.inbox, anEvent())).length, 1)
        let inbox = await under.reopen()
        for (let crash = 2; crash <= 3; crash++) {
          assert.equal((await inbox.claimDue(10, leaseMs)).length, 1, `claim ${crash}`)
          inbox = await under.reopen()
        }
        assert.deepEqual(await inbox.claimDue(10, leaseMs), [])
        const { deadLetters } = await inbox.deadLetters({ limit: 10 })
        assert.deepEqual(
          deadLetters.map(({ reason }) => reason),
          ['CrashedRepeatedly'],
        )
      },
    )

    promise('a suspect is tried alone among its like while what is new goes on', async (under) => {
      for (const eventId of ['msg_1', 'msg_2']) {
        await storeAndClaim(under.inbox, anEvent({ eventId }))
      }
      let inbox = await under.reopen()
      assert.equal((await inbox.claimDue(10, leaseMs)).length, 2)
      inbox = await under.reopen()
      assert.equal((await inbox.claimDue(10, leaseMs)).length, 1, 'one of both')
      const event = anEvent({ eventId: 'msg_3', sinks: ['other'] })
      assert.equal((await storeAndClaim(inbox, event)).filter(({ sink }) => sink === 'other').length, 1)
    })

    promise('a record that may wait is written with the next append at the latest', async ({ inbox }) => {
      const [first] = await storeAndClaim(inbox, anEvent())
      assert.ok(first)
      const recorded = inbox.record(first, { type: 'Succeed' }, 'soon')
      assert.equal(await inbox.append(anEvent({ eventId: 'msg_2' })), 'stored')
      await recorded
      assert.equal((await inbox.stats()).pending, 1)
    })
  })
}

function leasesOf({ sinks }: NewEvent): Map<string, number> {
  return new Map(sinks.map((sink) => [sink, leaseMs]))
}
