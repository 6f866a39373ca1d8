import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { AppendResult, ClaimedDelivery, Inbox, NewEvent } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from '../../support/builders/an-event.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'
import { giveUp, letRetentionRun, promisesOf, type MakeInbox } from './suite.ts'

const leaseMs = 60_000
const mebibyte = 1024 * 1024
const bounds = { maxEvents: 100, ownerShare: 1, maxDeadLetters: 12, deadLetterShare: 1 }

/** That no tenant takes from another, for any driver: room, dead letters, remembered ids and turns. */
export function neighboursContract(driver: string, make: MakeInbox): void {
  const promise = promisesOf(make, { bounds })

  void describe(`neighbours in the inbox: ${driver}`, () => {
    promise('however many objects a namespace fills, others are taken as if it were one', async ({ inbox }) => {
      for (let at = 0; at < 40; at += 1) await fill(inbox, anOwner(`o${at}`, 'crowd'))
      const stats = await inbox.stats()
      assert.ok(stats.events <= 80, `${stats.events} of 100`)
      assert.deepEqual([...stats.byNamespace.keys()], ['crowd'])
      assert.ok((await fill(inbox, anOwner('o', 'modest'))) >= 10)
      assert.equal(inbox.obstacle, undefined)
      assert.equal(await inbox.append(anEvent({ owner: anOwner('o', 'third') })), 'stored')
    })

    for (const seed of [1, 2, 3]) {
      promise(
        `who has less is never refused what a heavier one is given (seed ${seed})`,
        ({ inbox }) => playTenants(inbox, mulberry32(seed)),
        { bounds: { ...bounds, maxEvents: 30 } },
      )
    }

    promise('the dead letters of a quiet one survive any flood of others', async ({ inbox, clock }) => {
      for (const name of ['first', 'second']) {
        await giveUp(inbox, anEvent({ eventId: `quiet_${name}`, owner: anOwner(name, 'quiet') }))
      }
      for (let at = 0; at < 60; at += 1) {
        await clock.advance({ ms: 1 })
        await giveUp(inbox, anEvent({ eventId: `msg_${at}`, owner: anOwner(`o${at % 20}`, `loud${at % 3}`) }))
      }
      const kept = await inbox.deadLetters({ limit: 100 })
      assert.equal(kept.deadLetters.length, bounds.maxDeadLetters)
      assert.deepEqual(
        kept.deadLetters.map(({ eventId }) => eventId).filter((id) => id.startsWith('quiet')),
        ['quiet_second', 'quiet_first'],
      )
    })

    promise(
      "one's remembered ids fill one's own room and nobody else's, and are duplicates all the same",
      async ({ inbox, clock }) => {
        const flood = anOwner('flood', 'evil')
        const remembered = await fill(inbox, flood, { sinks: [], body: Buffer.alloc(2) })
        assert.ok(remembered > 100, `${remembered}`)
        assert.equal(await inbox.append(anEvent({ eventId: 'msg_0', owner: flood })), 'duplicate')
        assert.equal(await inbox.append(anEvent({ eventId: 'more', owner: flood })), 'ownerFull')
        assert.equal(inbox.obstacle, undefined)
        assert.ok((await fill(inbox, anOwner('o', 'ml'))) >= 10)
        const { byNamespace, rememberedIds } = await inbox.stats()
        assert.equal(byNamespace.get('evil')?.rememberedIds, remembered)
        assert.equal(rememberedIds, remembered + (byNamespace.get('ml')?.rememberedIds ?? 0))
        await clock.advance({ hours: 25, minutes: 1 })
        for (let round = 0; (await inbox.stats()).byNamespace.has('evil') && round < 50; round += 1) {
          await letRetentionRun(inbox, clock)
        }
        assert.equal(await inbox.append(anEvent({ eventId: 'more', owner: flood })), 'stored')
      },
      { bounds: { ...bounds, maxBytes: mebibyte / 2 } },
    )

    promise(
      'ids of events that were delivered are counted for whoever sent them, also after a restart',
      async ({ inbox, reopen }) => {
        for (const eventId of ['1', '2', '3']) await inbox.append(anEvent({ eventId, owner: anOwner('o', 'ns') }))
        const [first] = await inbox.claimDue(1, leaseMs)
        assert.ok(first)
        await inbox.record(first, { type: 'Succeed' })
        const wanted = new Map([
          ['ns', { events: 2, bytes: 2 * first.event.body.length, deadLetters: 0, rememberedIds: 3 }],
        ])
        assert.deepEqual((await inbox.stats()).byNamespace, wanted)
        const again = await reopen()
        assert.deepEqual((await again.stats()).byNamespace, wanted)
        assert.equal(
          await again.append(anEvent({ eventId: first.event.eventId, owner: anOwner('o', 'ns') })),
          'duplicate',
        )
      },
    )

    promise('a claim goes in turns between namespaces, then objects, then sinks', async ({ inbox }) => {
      for (let at = 0; at < 20; at += 1) {
        await inbox.append(anEvent({ eventId: `msg_${at}`, owner: anOwner(`o${at}`, 'crowd'), sinks: ['a', 'b'] }))
      }
      await inbox.append(anEvent({ eventId: 'x', owner: anOwner('busy', 'two'), sinks: ['a', 'b', 'c', 'd'] }))
      await inbox.append(anEvent({ eventId: 'y', owner: anOwner('calm', 'two'), sinks: ['a'] }))
      await inbox.append(anEvent({ eventId: 'z', owner: anOwner('last', 'late') }))
      const claimed = await inbox.claimDue(6, leaseMs)
      const of = (namespace: string) => claimed.filter(({ event }) => event.owner.namespace === namespace)
      assert.equal(of('late').length, 1)
      assert.deepEqual(
        of('two')
          .map(({ event }) => event.owner.name)
          .toSorted()
          .slice(0, 2),
        ['busy', 'calm'],
      )
      assert.ok(of('crowd').length <= 3)
    })

    promise('whoever comes late is served next, however much is due before', async ({ inbox, clock }) => {
      for (let at = 0; at < 20; at += 1) {
        await inbox.append(anEvent({ eventId: `msg_${at}`, owner: anOwner(`o${at}`, 'crowd') }))
      }
      assert.equal((await inbox.claimDue(1, leaseMs)).length, 1)
      await clock.advance({ seconds: 1 })
      await inbox.append(anEvent({ eventId: 'late', owner: anOwner('last', 'late') }))
      const next = await inbox.claimDue(1, leaseMs)
      assert.deepEqual(namesOf(next), ['late/last'])
    })

    promise('a claim ends with the body that reaches its bound, and large bodies count for more', async ({ inbox }) => {
      const body = new Uint8Array(100 * 1024)
      for (let at = 0; at < 6; at += 1) {
        await inbox.append(anEvent({ eventId: `large_${at}`, owner: anOwner('o', 'large'), body }))
        await inbox.append(anEvent({ eventId: `small_${at}`, owner: anOwner('o', 'small') }))
      }
      const first = namesOf(await inbox.claimDue(100, leaseMs, { maxBytes: 150 * 1024 }))
      assert.deepEqual(first.toSorted(), ['large/o', 'large/o', ...Array<string>(6).fill('small/o')])
      assert.deepEqual(namesOf(await inbox.claimDue(100, leaseMs, { maxBytes: 1 })), ['large/o'])
      assert.equal((await inbox.claimDue(100, leaseMs)).length, 3)
    })

    promise('a lane that needs longer leases has them, and no other', async ({ inbox, clock }) => {
      const owner = anOwner('o', 'a')
      await inbox.append(anEvent({ owner, sinks: ['slow', 'fast'] }))
      const leaseMsByLane = new Map([[`${owner.uid}/slow`, 2 * leaseMs]])
      assert.equal((await inbox.claimDue(10, leaseMs, { leaseMsByLane })).length, 2)
      await clock.advance({ ms: leaseMs + 2_000 })
      assert.deepEqual(
        (await inbox.claimDue(10, leaseMs)).map(({ sink }) => sink),
        ['fast'],
      )
      await clock.advance({ ms: leaseMs })
      assert.ok((await inbox.claimDue(10, leaseMs)).some(({ sink }) => sink === 'slow'))
    })

    promise('of a lane with a limit no more is taken, and the rest with the next claim', async ({ inbox }) => {
      const owner = anOwner('o', 'a')
      for (let at = 0; at < 5; at += 1) {
        await inbox.append(anEvent({ eventId: `msg_${at}`, owner, sinks: ['slow', 'fast'] }))
      }
      const limitByLane = new Map([[`${owner.uid}/slow`, 2]])
      const claimed = await inbox.claimDue(20, leaseMs, { limitByLane })
      assert.deepEqual(claimed.map(({ sink }) => sink).toSorted(), [
        ...Array<string>(5).fill('fast'),
        ...Array<string>(2).fill('slow'),
      ])
      assert.equal((await inbox.claimDue(20, leaseMs, { limitByLane })).length, 2)
      assert.equal((await inbox.claimDue(20, leaseMs, { limitByLane })).length, 1)
      assert.equal((await inbox.claimDue(20, leaseMs, { limitByLane })).length, 0)
    })

    promise('a claim leaves out lanes, objects and namespaces, and gives them their turn again', async ({ inbox }) => {
      const owners = [anOwner('o', 'a'), anOwner('o', 'b'), anOwner('p', 'b')]
      for (const owner of owners) await inbox.append(anEvent({ owner, sinks: ['x', 'y'] }))
      const [a = '', , p = ''] = owners.map(({ uid }) => uid)
      const lanes = new Set([`${a}/x`])
      const except = { lanes, owners: new Set([p]), namespaces: new Set(['b']) }
      assert.deepEqual(namesOf(await inbox.claimDue(10, leaseMs, { except })), ['a/o'])
      assert.deepEqual(namesOf(await inbox.claimDue(10, leaseMs, { except: { lanes, owners: new Set([p]) } })), [
        'b/o',
        'b/o',
      ])
      assert.deepEqual(namesOf(await inbox.claimDue(10, leaseMs, { except: { lanes } })), ['b/p', 'b/p'])
      assert.deepEqual(namesOf(await inbox.claimDue(10, leaseMs)), ['a/o'])
    })

    promise(
      'an installation may hold a namespace below what fairness allows, and let another have more',
      async ({ inbox }) => {
        assert.equal(await fill(inbox, anOwner('o', 'held')), 8, 'four fifths of a tenth')
        const heavy = await fill(inbox, anOwner('o', 'heavy'))
        const light = await fill(inbox, anOwner('o', 'light'))
        assert.ok(heavy > 60, `${heavy}`)
        assert.ok(light < heavy, `${light}`)
      },
      {
        bounds,
        quotas: {
          weightOf: (namespace) => (namespace === 'heavy' ? 16 : 1),
          maxShareOf: (namespace) => (namespace === 'held' ? 0.1 : 1),
        },
      },
    )
  })
}

/** Appends for the owner until it is refused alone; returns how many were stored. */
async function fill(inbox: Inbox, owner: NewEvent['owner'], given: Partial<NewEvent> = {}): Promise<number> {
  for (let stored = 0; ; stored += 1) {
    const result = await inbox.append(anEvent({ ...given, eventId: `msg_${stored}`, owner }))
    if (result === 'ownerFull') return stored
    assert.equal(result, 'stored', `event ${stored} of ${owner.namespace}/${owner.name}`)
  }
}

function namesOf(claimed: readonly ClaimedDelivery[]): string[] {
  return claimed.map(({ event }) => `${event.owner.namespace}/${event.owner.name}`)
}

/**
 * Random tenants append and end events; whenever one is refused, nobody who has more of everything may get the same.
 */
async function playTenants(inbox: Inbox, random: () => number): Promise<void> {
  const namespaces = ['a', 'b', 'c', 'd']
  const greed = namespaces.map(() => 0.2 + 0.8 * random())
  let number = 0
  const append = (namespace: string, bytes: number): Promise<AppendResult> => {
    number += 1
    return inbox.append(
      anEvent({ eventId: `msg_${number}`, owner: anOwner('o', namespace), body: Buffer.alloc(bytes) }),
    )
  }
  let refused = 0
  for (let step = 0; step < 250; step += 1) {
    const at = Math.floor(random() * namespaces.length)
    const namespace = namespaces[at] ?? ''
    if (random() < 0.15) {
      const [claimed] = await inbox.claimDue(1, leaseMs)
      if (claimed !== undefined) await inbox.record(claimed, { type: 'Succeed' })
    } else if (random() < (greed[at] ?? 0)) {
      const bytes = Math.floor(random() * 2_000)
      const { byNamespace } = await inbox.stats()
      if ((await append(namespace, bytes)) === 'stored') continue
      refused += 1
      const own = byNamespace.get(namespace)
      for (const [other, has] of byNamespace) {
        const isHeavier = own !== undefined && has.events > own.events && has.bytes > own.bytes
        if (isHeavier && has.rememberedIds > own.rememberedIds) {
          assert.notEqual(await append(other, bytes), 'stored', `${namespace} was refused, ${other} has more`)
        }
      }
    }
  }
  assert.ok(refused > 0, 'the bounds were reached')
}
