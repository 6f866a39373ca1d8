import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import type { AdminClient } from '../../../src/cli/deliveries/admin-client.ts'
import type { Receivers } from '../../../src/cli/deliveries/receivers.ts'
import type { DeliveryEntry } from '../../../src/contract/admin-api/deliveries.ts'
import type { ReceiverRow } from '../../../src/contract/page/overview.ts'
import { ReceiverWatch } from '../../../src/ui/receivers/receiver-watch.ts'
import { FakeClock } from '../../support/doubles/fake-clock.ts'

interface Followed {
  readonly onOpen: () => void
  readonly signal: AbortSignal
}

/** A receiver that is told what to do: `end` breaks its stream. */
class Played {
  isAway = false
  opened = 0
  recent: DeliveryEntry[] = []
  pending = 0
  isOverloaded = false
  #end: ((error: Error) => void) | undefined
  readonly #listeners = new Set<(entry: DeliveryEntry) => void>()

  readonly admin = {
    follow: (_given: unknown, onEntry: (entry: DeliveryEntry) => void, { onOpen, signal }: Followed) => {
      if (this.isAway) return Promise.reject(new Error('it is away'))
      this.opened += 1
      onOpen()
      this.#listeners.add(onEntry)
      signal.addEventListener('abort', () => this.#listeners.delete(onEntry))
      return new Promise<void>((_, reject) => (this.#end = reject))
    },
    ask: async (name: string) => {
      if (this.isAway) throw new Error('it is away')
      if (this.isOverloaded && name === 'readStats') throw new Error('no answer in 60000 ms')
      if (name === 'listRecent') return { deliveries: this.recent }
      return { inbox: 'own', events: 1, bodyBytes: 2, pending: this.pending, deadLetters: 0, oldestPendingMs: 0 }
    },
  } as unknown as AdminClient

  get streams(): number {
    return this.#listeners.size
  }

  tell(entry: DeliveryEntry): void {
    for (const listener of this.#listeners) listener(entry)
  }

  end(): void {
    this.isAway = true
    this.#end?.(new Error('it broke'))
  }
}

function aWatch(t: TestContext, refusal?: string) {
  const clock = new FakeClock()
  const played = { a: new Played(), b: new Played() }
  const world: { running: ('a' | 'b')[]; refusal: string | undefined; open: number } = {
    running: ['a', 'b'],
    refusal,
    open: 0,
  }
  const entries: string[] = []
  const open = async (): Promise<Receivers> => {
    if (world.refusal !== undefined) throw new Error(world.refusal)
    world.open += 1
    const pods = world.running.map((name) => ({ name, admin: played[name].admin }))
    return { pods, onlyNamespace: async () => undefined, close: async () => void (world.open -= 1) }
  }
  const watch = new ReceiverWatch({
    clock,
    open,
    onlyNamespace: () => undefined,
    onEntry: (pod, { eventId }) => entries.push(`${pod} ${eventId}`),
    onGap: () => {},
  })
  const running = watch.run()
  t.after(async () => {
    watch.stop()
    await running
  })
  const states = () => {
    const message = watch.message() as { receivers: readonly ReceiverRow[] }
    return message.receivers.map(({ pod, state }) => `${pod} ${state}`)
  }
  return { clock, played, world, watch, entries, states, running }
}

function anEntry(eventId: string, second = 1): DeliveryEntry {
  const at = `2026-11-21T12:00:0${second}.000Z`
  return { kind: 'step', at, namespace: 'ml', name: 'a', eventId, sink: 's', next: 'Succeed' }
}

test('one that does not answer is tried again each round, and the others are left alone', async (t) => {
  const { clock, played, states } = aWatch(t)
  await clock.advance({ seconds: 1 })
  assert.deepEqual(states(), ['a Connected', 'b Connected'])
  played.b.end()
  await clock.advance({ seconds: 1 })
  assert.deepEqual(states(), ['a Connected', 'b Unreachable'])
  await clock.advance({ minutes: 1 })
  assert.equal(played.a.opened, 1)
  played.b.isAway = false
  await clock.advance({ seconds: 20 })
  assert.deepEqual(states(), ['a Connected', 'b Connected'])
})

test('what was missed meanwhile is told, and nothing twice', async (t) => {
  const { clock, played, entries } = aWatch(t)
  played.b.recent = [anEntry('e1')]
  await clock.advance({ seconds: 1 })
  played.b.end()
  played.b.recent = [anEntry('e2', 2), anEntry('e1')]
  await clock.advance({ seconds: 1 })
  played.b.isAway = false
  await clock.advance({ seconds: 20 })
  assert.deepEqual(entries, ['b e1', 'b e2'])
})

test('one whose stream holds while its questions time out is followed anew, and what it streams is counted once', async (t) => {
  const { clock, played, entries, states } = aWatch(t)
  await clock.advance({ seconds: 1 })
  played.b.isOverloaded = true
  await clock.advance({ seconds: 30 })
  played.b.isOverloaded = false
  await clock.advance({ seconds: 20 })
  assert.deepEqual([states(), played.a.opened, played.b.streams], [['a Connected', 'b Connected'], 1, 1])
  played.b.tell(anEntry('e1'))
  assert.deepEqual(entries, ['b e1'])
})

test('where the list of pods is refused, those that are followed still are', async (t) => {
  const { clock, world, watch, states } = aWatch(t)
  await clock.advance({ seconds: 1 })
  world.refusal = 'pods: 403'
  await clock.advance({ seconds: 20 })
  assert.deepEqual(states(), ['a Connected', 'b Connected'])
  assert.equal((watch.message() as { why?: string }).why, 'pods: 403')
  assert.equal(watch.depth().isKnown, true)
})

test('without a receiver it is said why', async (t) => {
  const { clock, watch } = aWatch(t, 'no receiver runs')
  await clock.advance({ seconds: 1 })
  assert.deepEqual(watch.pods(), { pods: [], without: [{ pod: 'receivers', why: 'no receiver runs' }] })
  assert.deepEqual(watch.depth(), { isKnown: false, why: 'no receiver runs' })
})

test('a receiver that comes is found, one that goes is forgotten, and no connection is left open', async (t) => {
  const { clock, world, watch, states, running } = aWatch(t)
  world.running = ['a']
  await clock.advance({ seconds: 1 })
  world.running = ['a', 'b']
  await clock.advance({ seconds: 10 })
  assert.deepEqual(states(), ['a Connected', 'b Connected'])
  world.running = ['b']
  await clock.advance({ seconds: 10 })
  assert.deepEqual([states(), world.open], [['b Connected'], 1])
  watch.stop()
  await running
  assert.equal(world.open, 0)
})

test('the depth of inboxes is their sum; one that does not answer is named', async (t) => {
  const { clock, played, watch } = aWatch(t)
  played.a.pending = 3
  played.b.isAway = true
  await clock.advance({ seconds: 1 })
  const depth = watch.depth()
  assert.ok(depth.isKnown)
  assert.deepEqual([depth.pending, depth.events, depth.without], [3, 1, ['b']])
})
