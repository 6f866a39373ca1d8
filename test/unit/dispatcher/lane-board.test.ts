import assert from 'node:assert/strict'
import { describe, it } from 'node:test'

import { LaneBoard, type StartedDelivery } from '../../../src/dispatcher/lane-board.ts'
import { createLane, noteOutcome, type Lane } from '../../../src/dispatcher/lane.ts'
import { equalQuotas, type Quotas } from '../../../src/fairness/quotas.ts'
import { anEvent } from '../../support/builders/an-event.ts'
import { aClaim } from '../../support/builders/deliveries.ts'
import { mulberry32 } from '../../support/builders/seeded-random.ts'

const nowMs = 1_000_000
const leaseUntilMs = nowMs + 60_000

interface To {
  namespace?: string
  object?: string
  sink?: string
  bodyBytes?: number
}

let number = 0
function aWaiting({ namespace = 'ml', object = 'a', sink = 's', bodyBytes = 10 }: To) {
  const owner = { uid: `${namespace}-${object}`, namespace, name: object }
  const event = anEvent({ owner, eventId: `msg_${(number += 1)}`, body: new Uint8Array(bodyBytes) })
  return { delivery: aClaim({ deliveryId: event.eventId, sink, event }), leaseUntilMs }
}

const aLaneElsewhere = createLane(['elsewhere', 'uid', 's'])

class Scene {
  readonly board: LaneBoard
  readonly running: StartedDelivery[] = []

  constructor(maxInFlight = 256, quotas: Quotas = equalQuotas) {
    this.board = new LaneBoard(maxInFlight, quotas)
  }

  add(count: number, to: To, maxInFlight = 1_024): void {
    for (let at = 0; at < count; at += 1) this.board.enqueue(aWaiting(to), nowMs, { maxInFlight, leaseMs: undefined })
  }

  /** Starts what may start; `window`: what each sink shows that it takes. */
  start(window = 8): Lane[] {
    const started: Lane[] = []
    for (const one of this.board.takeStartable(nowMs)) {
      one.lane.window = Math.max(one.lane.window, window)
      started.push(one.lane)
      this.running.push(one)
    }
    return started
  }

  finish(namespace: string): void {
    const at = this.running.findIndex(({ lane }) => lane.taker[0] === namespace)
    const [one] = this.running.splice(at, 1)
    assert.ok(one !== undefined && at >= 0, `nothing of ${namespace} is under way`)
    this.board.finish(one, nowMs)
  }

  inFlightOf(namespace: string): number {
    return this.running.filter(({ lane }) => lane.taker[0] === namespace).length
  }
}

describe('what is under way', () => {
  it('of one namespace leaves room for the next, however many objects and sinks it has, and however much they take', () => {
    for (const [objects, sinks] of [
      [1, 1],
      [2, 16],
      [500, 1],
    ] as const) {
      const scene = new Scene()
      for (let object = 0; object < objects; object += 1) {
        for (let sink = 0; sink < sinks; sink += 1)
          scene.add(12, { namespace: 'evil', object: `o${object}`, sink: `s${sink}` })
      }
      scene.start(64)
      assert.ok(scene.inFlightOf('evil') <= 205, `${objects} objects: ${scene.inFlightOf('evil')}`)
      scene.add(4, { namespace: 'victim' })
      assert.equal(scene.start().length, 4, `${objects} objects`)
    }
  })

  it('of five namespaces leaves room for a sixth', () => {
    const scene = new Scene()
    for (let at = 0; at < 5; at += 1) {
      for (let object = 0; object < 100; object += 1) scene.add(3, { namespace: `evil-${at}`, object: `o${object}` })
    }
    scene.start(64)
    scene.add(4, { namespace: 'victim' })
    assert.equal(scene.start().length, 4)
  })

  for (const hanging of [1, 20, 40, 60, 200]) {
    it(`to ${hanging} new sinks that hang, with much due for each, leaves room for others`, () => {
      const scene = new Scene()
      for (let at = 0; at < hanging; at += 1) scene.add(20, { object: `o${at}` })
      const tried = new Set(scene.start())
      assert.equal(tried.size, hanging, 'each is tried')
      const left = 256 - scene.running.length
      assert.ok(left >= 20, `${left} left`)
      scene.add(1, { object: 'well' })
      assert.equal(scene.start().length, 1, 'and so is one more')
    })
  }

  it('even a total of one has room for one, and no more', () => {
    const scene = new Scene(1)
    scene.add(2, {})
    assert.equal(scene.start().length, 1)
    assert.equal(scene.board.isFull, true)
    scene.finish('ml')
    assert.equal(scene.start().length, 1)
  })

  it('of a namespace is what its quota allows', () => {
    const scene = new Scene(256, { weightOf: () => 1, maxShareOf: (namespace) => (namespace === 'held' ? 0.1 : 1) })
    for (let at = 0; at < 100; at += 1) scene.add(4, { namespace: 'held', object: `o${at}` })
    scene.start(64)
    assert.equal(scene.inFlightOf('held'), 26)
  })
})

describe('a free place', () => {
  it('goes to the namespace that has least under way, in it to the object, in it to the sink', () => {
    const scene = new Scene()
    scene.add(3, { namespace: 'a', object: 'x', sink: 's' })
    scene.add(1, { namespace: 'a', object: 'x', sink: 't' })
    scene.add(1, { namespace: 'a', object: 'y', sink: 's' })
    scene.add(2, { namespace: 'b', object: 'z', sink: 's' })
    const order = scene.start().map(({ taker: [namespace, uid, sink] }) => `${namespace} ${uid.at(-1)}${sink}`)
    assert.deepEqual(order, ['a xs', 'b zs', 'a ys', 'b zs', 'a xt', 'a xs', 'a xs'])
  })

  it('goes round robin among those that have as much', () => {
    const scene = new Scene(3)
    for (const sink of ['s', 't', 'u']) scene.add(9, { sink })
    scene.start()
    const order = Array.from({ length: 6 }, () => {
      scene.finish('ml')
      return scene.start()[0]?.taker[2]
    })
    assert.deepEqual(new Set(order.slice(0, 3)).size, 3, order.join(' '))
    assert.deepEqual(order.slice(0, 3), order.slice(3))
  })

  it('counts a namespace for its weight', () => {
    const scene = new Scene(256, { weightOf: (namespace) => (namespace === 'big' ? 3 : 1), maxShareOf: () => 1 })
    for (const namespace of ['big', 'small']) {
      for (let at = 0; at < 100; at += 1) scene.add(1, { namespace, object: `o${at}` })
    }
    const first = scene.start().slice(0, 80)
    assert.equal(first.filter(({ taker }) => taker[0] === 'big').length, 60)
  })
})

describe('what waits', () => {
  it('is blocked: sinks with something waiting, objects and namespaces that have their share', () => {
    const scene = new Scene()
    scene.add(1_000, { namespace: 'full', object: 'a' }, 1_024)
    for (let at = 0; at < 300; at += 1) scene.add(1, { namespace: 'crowd', object: `o${at}` })
    scene.add(9, { namespace: 'some', sink: 'waits' })
    scene.add(1, { namespace: 'some', sink: 'free' })
    scene.start(64)
    const blocked = scene.board.blocked(nowMs)
    assert.deepEqual([...blocked.namespaces], ['crowd'])
    assert.deepEqual([...blocked.owners], ['full-a'])
    assert.equal(blocked.lanes.has('some-a/free'), false)
    assert.equal(blocked.isNothing, false)
  })

  it('is told when a namespace or an object may have more again, also because another has less', () => {
    const scene = new Scene()
    for (let at = 0; at < 300; at += 1) scene.add(1, { namespace: at < 150 ? 'a' : 'b', object: `o${at}` })
    scene.start(64)
    const lanes = scene.board.takeWaiting()
    assert.ok(lanes.length > 50)
    const blocked = scene.board.blocked(nowMs)
    const [ended] = scene.running
    assert.ok(ended !== undefined)
    assert.equal(scene.board.isUnblocked(blocked, ended.lane), false)
    scene.finish('a')
    assert.equal(scene.board.isUnblocked(blocked, ended.lane), true)
  })

  it('is bounded in bytes: a namespace that has its share, waiting or under way, claims nothing more, and others do', () => {
    const scene = new Scene()
    const bodyBytes = 256 * 1_024
    const mayClaim = (namespace: string) => !scene.board.blocked(nowMs).namespaces.has(namespace)
    let claimed = 0
    for (; mayClaim('evil'); claimed += 8) {
      scene.add(8, { namespace: 'evil', object: `o${claimed}`, bodyBytes })
      scene.start()
    }
    assert.ok(claimed * bodyBytes < 28 * 2 ** 20, `${claimed} are held`)
    assert.ok(scene.running.length < 205, 'there are places for more')
    assert.equal(scene.board.largestShares().bodies > 0.8, true)
    scene.add(8, { namespace: 'other', bodyBytes })
    assert.equal(mayClaim('other'), true)
    const blocked = scene.board.blocked(nowMs)
    for (let ended = 0; !scene.board.isUnblocked(blocked, aLaneElsewhere); ended += 1) {
      assert.ok(ended < 16, 'one that ends makes room')
      scene.finish('evil')
    }
    assert.equal(mayClaim('evil'), true)
  })

  it('is what a namespace with little may have, however many have their share', () => {
    const scene = new Scene()
    for (let at = 0; at < 40; at += 1) scene.add(8, { namespace: `evil-${at}`, bodyBytes: 256 * 1_024 })
    assert.equal(scene.board.blocked(nowMs).namespaces.size, 40)
    scene.add(1, { namespace: 'victim' })
    assert.equal(scene.board.blocked(nowMs).namespaces.has('victim'), false)
  })

  it('gives back what it held once it is taken out or has ended', () => {
    const scene = new Scene()
    scene.add(20, { bodyBytes: 1_000 })
    assert.equal(scene.start().length, 8)
    assert.equal(scene.board.takeWaiting().length, 12)
    for (let at = 0; at < 8; at += 1) scene.finish('ml')
    assert.deepEqual([scene.board.waiting, scene.board.inFlight, scene.board.largestShares().bodies], [0, 0, 0])
  })
})

describe('a place for what is only being stored', () => {
  const bounds = { maxInFlight: 64, leaseMs: undefined }
  const reserve = ({ board }: Scene, to: To = {}, time = nowMs) => board.reserve(aWaiting(to).delivery, time, bounds)

  it('counts as if it were under way, in attempts and in bytes, until it is given back', () => {
    const scene = new Scene(10)
    const places = Array.from({ length: 20 }, () => reserve(scene, { bodyBytes: 1_000 }))
    const kept = places.filter((place) => place !== undefined)
    const begun = new Scene(10)
    begun.add(20, {})
    assert.equal(kept.length, begun.start().length, 'as many as would be begun')
    assert.equal(scene.board.inFlight, kept.length)
    assert.equal(scene.board.blocked(nowMs).lanes.has('ml-a/s'), true)
    assert.ok(reserve(scene, { namespace: 'other' }), 'and some is left')
    for (const place of kept) scene.board.release(place, nowMs)
    assert.deepEqual([scene.board.inFlight, scene.board.byNamespace().size], [1, 1])
  })

  it('is kept for nothing that would overtake what waits in memory or in the inbox', () => {
    const scene = new Scene()
    scene.add(9, {})
    scene.start()
    scene.finish('ml')
    assert.equal(scene.board.waiting, 1)
    assert.equal(reserve(scene), undefined)
    assert.ok(reserve(scene, { sink: 'other' }))
    const { owner } = aWaiting({}).delivery.event
    scene.board.noteBehind(owner, 'third')
    assert.equal(reserve(scene, { sink: 'third' }), undefined)
    scene.board.noteCaughtUp({ ...scene.board.blocked(nowMs), lanes: new Set(['ml-a/third']) })
    assert.equal(reserve(scene, { sink: 'third' }), undefined, 'it was not asked for')
    scene.board.noteCaughtUp(scene.board.blocked(nowMs))
    assert.ok(reserve(scene, { sink: 'third' }))
  })

  it('is kept behind those of its lane that wait for a turn, as long as there is one for each', () => {
    const scene = new Scene()
    scene.add(3, {})
    const kept = Array.from({ length: 8 }, () => reserve(scene)).filter((place) => place !== undefined)
    assert.equal(kept.length, 5, 'of eight')
    assert.equal(scene.start().length, 3)
    const small = new Scene(2)
    small.add(1, {})
    assert.ok(reserve(small, { sink: 'other' }))
    assert.equal(reserve(small, { sink: 'third' }), undefined, 'what is left is for the one that waits')
  })

  it('is kept for no sink that is not known to be well, nor for its probe', () => {
    const scene = new Scene()
    scene.add(1, { sink: 'refuses' })
    scene.add(1, { sink: 'closed' })
    const [refuses, closed] = scene.start()
    assert.ok(refuses && closed)
    noteOutcome(refuses, { type: 'unauthorized', status: 401 }, { eventId: 'a', nowMs })
    closed.closedUntilMs = nowMs + 1_000
    scene.finish('ml')
    scene.finish('ml')
    for (const time of [nowMs, nowMs + 20_000]) {
      assert.equal(reserve(scene, { sink: 'refuses' }, time), undefined)
      assert.equal(reserve(scene, { sink: 'closed' }, time), undefined)
    }
    assert.equal(scene.board.inFlight, 0)
  })

  it('of a namespace that holds its share of bytes is none', () => {
    const scene = new Scene(1_000)
    const large = { bodyBytes: 256 * 1_024 }
    let kept = 0
    while (kept < 200 && reserve(scene, { ...large, object: `o${kept}` }) !== undefined) kept += 1
    assert.ok(kept > 80 && kept * large.bodyBytes < 28 * 2 ** 20, String(kept))
    assert.ok(reserve(scene, { ...large, namespace: 'modest' }))
  })

  it('that is refused leaves nothing behind', () => {
    const scene = new Scene(1)
    const place = reserve(scene)
    assert.ok(place)
    assert.equal(reserve(scene, { namespace: 'other' }), undefined)
    scene.board.release(place, nowMs)
    assert.deepEqual([scene.board.inFlight, scene.board.blocked(nowMs).isNothing], [0, true])
    assert.deepEqual(scene.board.largestShares(), { attempts: 0, bodies: 0 })
  })
})

it('a lane whose deliveries need long leases is remembered for that, and no other has them', () => {
  const scene = new Scene()
  scene.board.enqueue(aWaiting({ sink: 'slow' }), nowMs, { maxInFlight: 8, leaseMs: 350_000 })
  scene.add(1, { sink: 'fast' })
  scene.start()
  scene.finish('ml')
  scene.finish('ml')
  assert.deepEqual([...scene.board.longLeases()], [['ml-a/slow', 350_000]])
})

it('a namespace with thousands of sinks pushes out what is known of its own, and not of others', () => {
  const scene = new Scene()
  scene.add(1, { namespace: 'victim' })
  const [lane] = scene.start()
  assert.ok(lane !== undefined)
  noteOutcome(lane, { type: 'unauthorized', status: 401 }, { eventId: 'a', nowMs })
  scene.finish('victim')
  for (let at = 0; at < 5_000; at += 1) {
    scene.add(1, { namespace: 'crowd', object: `o${at}` })
    const [started] = scene.start()
    assert.ok(started !== undefined)
    noteOutcome(started, { type: 'unauthorized', status: 401 }, { eventId: 'a', nowMs })
    scene.finish('crowd')
  }
  assert.ok(scene.board.blocked(nowMs).lanes.has('victim-a/s'))
  assert.equal(scene.board.blocked(nowMs).lanes.size, 4_096)
})

describe('for any tenants and demands', () => {
  const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 32))

  it(`nobody who has less waits while one who has more is served, and nothing is idle while anything may run (GWH_SEED=${seed})`, () => {
    const random = mulberry32(seed)
    const draw = (count: number) => Math.floor(random() * count)
    for (let round = 0; round < 40; round += 1) {
      const weights = new Map(Array.from({ length: 1 + draw(6) }, (_, at) => [`n${at}`, 1 + draw(3)]))
      const total = 1 + draw(120)
      const judge = new Judge(total, weights)
      const board = new LaneBoard(total, { weightOf: (namespace) => weights.get(namespace) ?? 1, maxShareOf: () => 1 })
      const running: StartedDelivery[] = []
      for (let step = 0; step < 40; step += 1) {
        for (let count = draw(12); count > 0; count -= 1) {
          const to = { namespace: `n${draw(weights.size)}`, object: `o${draw(4)}`, sink: `s${draw(3)}` }
          const maxInFlight = 1 + draw(64)
          board.enqueue(aWaiting(to), nowMs, { maxInFlight, leaseMs: undefined })
          judge.enqueued(to, maxInFlight)
        }
        for (let count = draw(8); count > 0 && running.length > 0; count -= 1) {
          const [ended] = running.splice(draw(running.length), 1)
          assert.ok(ended !== undefined)
          ended.lane.window += draw(6)
          judge.finished(ended.lane)
          board.finish(ended, nowMs)
        }
        for (const started of board.takeStartable(nowMs)) {
          judge.started(started.lane)
          running.push(started)
        }
        judge.rests()
      }
      assert.deepEqual([board.inFlight, board.inFlight <= total], [running.length, true])
    }
  })
})

interface Seen {
  readonly namespace: string
  readonly object: string
  waiting: number
  inFlight: number
  maxInFlight: number
  window: number
}

/**
 * The same rules, said again in the plainest way: all counts are summed up each time, and everybody is compared with
 * everybody.
 */
class Judge {
  readonly #lanes = new Map<string, Seen>()
  readonly #total: number
  readonly #weights: ReadonlyMap<string, number>

  constructor(total: number, weights: ReadonlyMap<string, number>) {
    this.#total = total
    this.#weights = weights
  }

  enqueued({ namespace, object, sink }: Required<Omit<To, 'bodyBytes'>>, maxInFlight: number): void {
    const key = `${namespace}-${object}/${sink}`
    const seen = this.#lanes.get(key) ?? { namespace, object, waiting: 0, inFlight: 0, maxInFlight, window: 8 }
    this.#lanes.set(key, { ...seen, waiting: seen.waiting + 1, maxInFlight })
  }

  finished({ key, window }: Lane): void {
    const seen = this.#seen(key)
    Object.assign(seen, { inFlight: seen.inFlight - 1, window })
    // Forgotten by the board when idle: a new one has a window of its own.
    if (seen.inFlight === 0 && seen.waiting === 0) seen.window = 8
  }

  started({ key }: Lane): void {
    const chosen = this.#seen(key)
    assert.ok(this.#mayRun(chosen, -tolerance), `${key} started beyond its share`)
    for (const other of this.#lanes.values()) {
      if (other === chosen || !this.#mayRun(other, tolerance)) continue
      const [has, hasOther] = this.#compared(chosen, other)
      assert.ok(has <= hasOther, `${key} has ${has} and was served before one with ${hasOther}`)
    }
    chosen.waiting -= 1
    chosen.inFlight += 1
  }

  rests(): void {
    for (const [key, seen] of this.#lanes) assert.ok(!this.#mayRun(seen, tolerance), `${key} may run and does not`)
  }

  /** What decides between two: their namespaces, their objects where these are the same, then they themselves. */
  #compared(one: Seen, other: Seen): [number, number] {
    if (one.namespace !== other.namespace) {
      return [one, other].map(({ namespace }) => {
        const used = this.#sum((lane) => lane.namespace === namespace)
        return used / (this.#weights.get(namespace) ?? 1)
      }) as [number, number]
    }
    if (one.object === other.object) return [one.inFlight, other.inFlight]
    return [one, other].map(({ namespace, object }) =>
      this.#sum((lane) => lane.namespace === namespace && lane.object === object),
    ) as [number, number]
  }

  #mayRun(seen: Seen, margin: number): boolean {
    if (seen.waiting === 0 || seen.inFlight >= Math.max(1, Math.min(seen.window, seen.maxInFlight))) return false
    let left = this.#total - this.#sum(() => true)
    const ofNamespace = this.#sum(({ namespace }) => namespace === seen.namespace)
    const ofObject = this.#sum(({ namespace, object }) => namespace === seen.namespace && object === seen.object)
    const weight = this.#weights.get(seen.namespace) ?? 1
    left = leftOf(ofNamespace, left, weight)
    const namespaceLeft = left
    left = leftOf(ofObject, left, 1)
    left = leftOf(seen.inFlight, left, 1)
    if (left <= margin) return false
    const first = (8 * (namespaceLeft + seen.inFlight)) / (ofNamespace + namespaceLeft)
    return seen.window > 8 || seen.inFlight < Math.ceil(first - margin)
  }

  #sum(counts: (lane: Seen) => boolean): number {
    return [...this.#lanes.values()].filter(counts).reduce((sum, { inFlight }) => sum + inFlight, 0)
  }

  #seen(key: string): Seen {
    const seen = this.#lanes.get(key)
    assert.ok(seen !== undefined, `${key} was never enqueued`)
    return seen
  }
}

const tolerance = 1e-9

/** Each may have less than four times, or `4 * weight` times, what is left after it. */
function leftOf(used: number, left: number, weight: number): number {
  const multiple = 4 * weight
  return (used + left) * (multiple / (1 + multiple)) - used
}
