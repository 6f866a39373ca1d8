import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom, type Taker } from '../fairness/shared-room.ts'
import type { ClaimedDelivery, ClaimExcept } from '../inbox/port.ts'
import { isOpen, isProbing, probeNow, type Circuit } from './circuit.ts'
import {
  createLane,
  isForgettable,
  isIdle,
  laneKey,
  mayStart,
  takeNext,
  type Lane,
  type LaneTaker,
  type WaitingDelivery,
} from './lane.ts'
import { LaneTurns } from './lane-turns.ts'

/**
 * Lanes that are remembered for what they showed; the longest known idle one of the namespace that has most goes first.
 */
const maxRememberedLanes = 4_096
/**
 * Of deliveries that are claimed: what is under way and what waits for that. Whoever has its share claims nothing more;
 * what it claimed last may go beyond it, by one claim. An attempt may need its body twice, so all of it is about an
 * eighth of the 512 MiB of a receiver's pod.
 */
const maxHeldBytes = 32 * 2 ** 20
/** What a namespace may claim whatever others have: two of the largest bodies. */
const modestBytes = 512 * 1_024
/** A delivery is more than its body: headers, names, the object around them. */
const bytesBesidesBody = 1_024

/** What should not be claimed now. */
export interface Blocked extends Required<ClaimExcept> {
  /** The namespaces and objects among it. */
  readonly groups: readonly Taker[]
  readonly isNothing: boolean
}

/** One that is under way. */
export interface StartedDelivery {
  readonly lane: Lane
  readonly waiting: WaitingDelivery
}

/** What one namespace has here. */
export interface NamespaceUse {
  /** Attempts. */
  readonly underWay: number
  /** Deliveries taken from the inbox that wait for their turn. */
  readonly waiting: number
}

/**
 * All lanes of a dispatcher, and whose turn it is. Namespaces share what may be under way, in each its objects, in each
 * their sinks: nobody can take so much that the next has nothing. A place that is free goes to who has least. Decides
 * nothing about deliveries and does no I/O.
 */
export class LaneBoard {
  readonly #maxInFlight: number
  readonly #inFlight: SharedRoom
  /** In bytes. */
  readonly #held: SharedRoom
  readonly #lanes = new Map<string, Lane>()
  /** In lanes. */
  readonly #remembered: SharedRoom
  readonly #turns: LaneTurns
  #waitingCount = 0

  constructor(maxInFlight: number, quotas: Quotas) {
    this.#maxInFlight = maxInFlight
    this.#inFlight = new SharedRoom({ total: maxInFlight, ...quotas })
    this.#held = new SharedRoom({ total: maxHeldBytes, ...quotas })
    this.#remembered = new SharedRoom({ total: maxRememberedLanes, ...quotas })
    this.#turns = new LaneTurns(this.#inFlight, quotas)
  }

  get inFlight(): number {
    return this.#inFlight.used
  }

  get isFull(): boolean {
    return this.#inFlight.used >= this.#maxInFlight
  }

  get waiting(): number {
    return this.#waitingCount
  }

  byNamespace(): Map<string, NamespaceUse> {
    const found = new Map<string, NamespaceUse>()
    for (const { taker, inFlight, waiting } of this.#lanes.values()) {
      if (inFlight + waiting.length === 0) continue
      const [namespace] = taker
      const before = found.get(namespace) ?? { underWay: 0, waiting: 0 }
      found.set(namespace, { underWay: before.underWay + inFlight, waiting: before.waiting + waiting.length })
    }
    return found
  }

  /** What the namespace that has most has of each total, 0 to 1. */
  largestShares(): { attempts: number; bodies: number } {
    return { attempts: this.#inFlight.largestShare(), bodies: this.#held.largestShare() }
  }

  /** How many are open for that reason. */
  openCircuits(openFor: Circuit['openFor'], nowMs: number): number {
    const counted = (circuit: Circuit) => circuit.openFor === openFor && isOpen(circuit, nowMs)
    return this.#lanes.values().reduce((sum, { circuit }) => sum + (counted(circuit) ? 1 : 0), 0)
  }

  /** Open circuits of these lanes (`ownerUid/sink`) let a probe through now. */
  probeNow(keys: Iterable<string>, nowMs: number): void {
    for (const key of keys) {
      const lane = this.#lanes.get(key)
      if (lane !== undefined) lane.circuit = probeNow(lane.circuit, nowMs)
    }
  }

  /**
   * Adds a delivery that waits for its lane's turn. `bounds`: of the sink, where there is one; `leaseMs` where it is
   * longer than others'.
   */
  enqueue(waiting: WaitingDelivery, nowMs: number, bounds?: Pick<Lane, 'maxInFlight' | 'leaseMs'>): void {
    const { event, sink } = waiting.delivery
    const lane = this.#laneOf([event.owner.namespace, event.owner.uid, sink])
    Object.assign(lane, bounds)
    lane.waiting.push(waiting)
    this.#waitingCount += 1
    this.#held.take(lane.taker, sizeOf(waiting.delivery))
    this.#turns.note(lane, nowMs)
  }

  /** Of the lanes whose deliveries need longer leases than others. */
  longLeases(): Map<string, number> {
    const leases = new Map<string, number>()
    for (const { key, leaseMs } of this.#lanes.values()) if (leaseMs !== undefined) leases.set(key, leaseMs)
    return leases
  }

  /** Takes every delivery that may start now, in the order of turns. The caller calls `finish` once for each. */
  *takeStartable(nowMs: number): Generator<StartedDelivery> {
    while (!this.isFull) {
      const lane = this.#turns.next(
        (group) => this.#fits(group),
        (one) => this.#mayStart(one, nowMs),
      )
      const waiting = lane === undefined ? undefined : takeNext(lane, nowMs)
      if (lane === undefined || waiting === undefined) return
      this.#waitingCount -= 1
      lane.inFlight += 1
      this.#inFlight.take(lane.taker, 1)
      this.#turns.note(lane, nowMs)
      yield { lane, waiting }
    }
  }

  finish({ lane, waiting }: StartedDelivery, nowMs: number): void {
    lane.inFlight -= 1
    this.#inFlight.give(lane.taker, 1)
    this.#held.give(lane.taker, sizeOf(waiting.delivery))
    this.#turns.note(lane, nowMs)
    if (isForgettable(lane)) this.#forget(lane)
  }

  /** Takes what waits in a lane, or in all, without starting it. */
  takeWaiting(lane?: Lane): WaitingDelivery[] {
    const lanes = lane === undefined ? [...this.#lanes.values()] : [lane]
    return lanes.flatMap((from) => this.#takeAll(from))
  }

  /** The lanes, objects and namespaces for which nothing should be claimed now. */
  blocked(nowMs: number): Blocked {
    const groups = new Map<string, Taker>()
    const known = new Set<string>()
    const blocks = (name: string, group: Taker): boolean => {
      if (!known.has(name)) {
        known.add(name)
        if (!this.#mayClaim(group)) groups.set(name, group)
      }
      return groups.has(name)
    }
    const lanes = new Set<string>()
    const owners = new Set<string>()
    const namespaces = new Set<string>()
    for (const lane of this.#lanes.values()) {
      const [namespace, ownerUid] = lane.taker
      if (blocks(namespace, [namespace])) namespaces.add(namespace)
      else if (blocks(`${namespace}/${ownerUid}`, [namespace, ownerUid])) owners.add(ownerUid)
      else if (lane.waiting.length > 0 || !this.#hasRoom(lane.taker) || !this.#mayStart(lane, nowMs)) {
        lanes.add(lane.key)
      }
    }
    return { lanes, owners, namespaces, groups: [...groups.values()], isNothing: lanes.size + groups.size === 0 }
  }

  /** Whether something of what was blocked may be claimed again, after an attempt of that lane has ended. */
  isUnblocked({ lanes, groups }: Blocked, lane: Lane): boolean {
    return (lanes.has(lane.key) && lane.waiting.length === 0) || groups.some((group) => this.#mayClaim(group))
  }

  /** Takes the lanes on probation that have nothing to be probed with at hand; each once for each pause that ended. */
  takeUnprobed(nowMs: number): Lane[] {
    const lanes = [...this.#lanes.values()].filter(
      (lane) => isProbing(lane.circuit, nowMs) && isIdle(lane) && lane.probeOfMs !== lane.circuit.openUntilMs,
    )
    for (const lane of lanes) lane.probeOfMs = lane.circuit.openUntilMs
    return lanes
  }

  /** When the next open circuit may be tried; undefined without one. */
  nextProbeMs(nowMs: number): number | undefined {
    let next: number | undefined
    for (const { circuit } of this.#lanes.values()) {
      if (isOpen(circuit, nowMs)) next = Math.min(next ?? Infinity, circuit.openUntilMs)
    }
    return next
  }

  /** Less than a whole place is enough: shares are fractions, and a total of one has room for one. */
  #fits(group: Taker): boolean {
    return this.#inFlight.freeFor(group) > 0
  }

  #mayClaim(group: Taker): boolean {
    return this.#fits(group) && this.#hasRoom(group)
  }

  #hasRoom(group: Taker): boolean {
    return this.#held.freeFor(group) > 0 || this.#held.usedBy([group[0]]) <= modestBytes
  }

  #mayStart(lane: Lane, nowMs: number): boolean {
    const [namespace] = lane.taker
    const load = { used: this.#inFlight.usedBy([namespace]), free: this.#inFlight.freeFor([namespace]) }
    return this.#fits(lane.taker) && mayStart(lane, load, nowMs)
  }

  #takeAll(lane: Lane): WaitingDelivery[] {
    const taken = lane.waiting.splice(0)
    this.#waitingCount -= taken.length
    for (const { delivery } of taken) this.#held.give(lane.taker, sizeOf(delivery))
    this.#turns.remove(lane)
    return taken
  }

  #laneOf(taker: LaneTaker): Lane {
    const [, ownerUid, sink] = taker
    const key = laneKey(ownerUid, sink)
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    if (this.#lanes.size >= maxRememberedLanes) this.#forgetOne()
    const lane = createLane(taker)
    this.#lanes.set(key, lane)
    this.#remembered.take(taker, 1)
    return lane
  }

  #forgetOne(): void {
    const [heaviest] = this.#remembered.heaviest() ?? []
    const idle = this.#lanes.values().filter((lane) => isIdle(lane))
    const chosen = idle.find(({ taker: [namespace] }) => namespace === heaviest)
    if (chosen !== undefined) this.#forget(chosen)
  }

  #forget(lane: Lane): void {
    if (this.#lanes.delete(lane.key)) this.#remembered.give(lane.taker, 1)
  }
}

function sizeOf({ event }: ClaimedDelivery): number {
  return event.body.byteLength + bytesBesidesBody
}
