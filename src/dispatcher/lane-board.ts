import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom, type Taker } from '../fairness/shared-room.ts'
import type { ClaimedDelivery, ClaimExcept, InboxOwner, NewEvent } from '../inbox/port.ts'
import { isOpen, isProbing, probeNow, type Circuit } from './circuit.ts'
import { KnownLanes } from './known-lanes.ts'
import { capacityOf, isIdle, mayStart, takeNext, type Lane, type LaneBounds, type WaitingDelivery } from './lane.ts'
import { LaneTurns } from './lane-turns.ts'
import { begun, claimLimit, decided, opensMs } from './pace.ts'

/**
 * Of deliveries that are claimed: what is under way and what waits for that. A namespace that has used its share claims
 * nothing more; its last claim may go beyond the share, by one claim. An attempt may need its body twice, so all of it
 * is about an eighth of the 512 MiB of a receiver's pod.
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

/** A place that is kept for a delivery until it is stored. */
export interface Reservation {
  readonly lane: Lane
  readonly bytes: number
}

/** What one namespace has here. */
export interface NamespaceUse {
  /** Attempts. */
  readonly underWay: number
  /** Deliveries taken from the inbox that wait for their turn. */
  readonly waiting: number
}

/**
 * All lanes of a dispatcher, and the order of their turns. Namespaces share what may be under way, in each its objects,
 * in each their sinks: none can take so much that the next has nothing. A free place goes to the one that has least.
 * Decides nothing about deliveries and does no I/O.
 */
export class LaneBoard {
  readonly #maxInFlight: number
  readonly #inFlight: SharedRoom
  /** In bytes. */
  readonly #held: SharedRoom
  readonly #lanes: KnownLanes
  readonly #turns: LaneTurns
  #waitingCount = 0

  constructor(maxInFlight: number, quotas: Quotas) {
    this.#maxInFlight = maxInFlight
    this.#inFlight = new SharedRoom({ total: maxInFlight, ...quotas })
    this.#held = new SharedRoom({ total: maxHeldBytes, ...quotas })
    this.#lanes = new KnownLanes(quotas)
    this.#turns = new LaneTurns(this.#inFlight, quotas)
  }

  get inFlight(): number {
    return this.#inFlight.used
  }

  get isFull(): boolean {
    return this.#inFlight.used >= this.#maxInFlight
  }

  /** Those that wait take every place that is left. */
  get #isFullWithWaiting(): boolean {
    return this.#inFlight.used + this.#waitingCount >= this.#maxInFlight
  }

  get waiting(): number {
    return this.#waitingCount
  }

  byNamespace(): Map<string, NamespaceUse> {
    const found = new Map<string, NamespaceUse>()
    for (const { taker, inFlight, waiting } of this.#lanes.all()) {
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
    return this.#lanes.all().reduce((sum, { circuit }) => sum + (counted(circuit) ? 1 : 0), 0)
  }

  /** Open circuits of these lanes (`ownerUid/sink`) let a probe through now, and so do lanes that are closed. */
  probeNow(keys: Iterable<string>, nowMs: number): void {
    for (const key of keys) {
      const lane = this.#lanes.get(key)
      if (lane === undefined) continue
      lane.circuit = probeNow(lane.circuit, nowMs)
      lane.closedUntilMs = Math.min(lane.closedUntilMs, nowMs)
    }
  }

  /**
   * Adds a delivery that waits for its lane's turn. `bounds`: of the sink, where there is one; `leaseMs` where it is
   * longer than others'.
   */
  enqueue(waiting: WaitingDelivery, nowMs: number, bounds?: LaneBounds): void {
    const { event, sink } = waiting.delivery
    const lane = this.#lanes.of([event.owner.namespace, event.owner.uid, sink])
    if (bounds !== undefined) this.#lanes.setBounds(lane, bounds)
    lane.waiting.push(waiting)
    this.#waitingCount += 1
    this.#held.take(lane.taker, sizeOf(event))
    this.#turns.note(lane, nowMs)
  }

  /**
   * Keeps a place for a delivery that is only being stored, as if it were under way. undefined: there is none behind
   * those that wait already, something of its lane waits in the inbox, or its sink is not well. The caller calls
   * `release` once, whatever comes of it.
   */
  reserve(
    { event, sink }: Pick<ClaimedDelivery, 'event' | 'sink'>,
    nowMs: number,
    bounds: LaneBounds,
  ): Reservation | undefined {
    const lane = this.#lanes.of([event.owner.namespace, event.owner.uid, sink])
    this.#lanes.setBounds(lane, bounds)
    const isWell = lane.circuit.openings === 0 && lane.closedUntilMs === 0
    const hasRoom =
      !this.#isFullWithWaiting && this.#hasRoom(lane.taker) && this.#mayStart(lane, nowMs, lane.waiting.length)
    if (!isWell || lane.isBehind || !hasRoom) {
      this.#lanes.forgetIfIdle(lane)
      return undefined
    }
    const bytes = sizeOf(event)
    this.#held.take(lane.taker, bytes)
    this.#begin(lane, nowMs)
    return { lane, bytes }
  }

  release(reservation: Reservation, nowMs: number): void {
    this.noteDecided(reservation.lane, false, nowMs)
    this.#end(reservation, nowMs)
  }

  /** What was begun in the lane is sent now, or not. Said once for each that `takeStartable` gave. */
  noteDecided(lane: Lane, isSent: boolean, nowMs: number): void {
    if (lane.pace !== undefined) lane.pace = decided(lane.pace, isSent, nowMs)
  }

  /** When the rate of a lane lets it go on that has something at hand; undefined where none waits for its rate. */
  nextStartMs(nowMs: number): number | undefined {
    return this.#nextPacedMs(nowMs, ({ waiting }) => waiting.length > 0)
  }

  /** Likewise of one that has nothing at hand: something of it may be claimed then. */
  nextClaimMs(nowMs: number): number | undefined {
    return this.#nextPacedMs(nowMs, ({ waiting }) => waiting.length === 0)
  }

  /** Of lanes whose sinks have a rate: how many of their deliveries are claimed at once. */
  claimLimits(): Map<string, number> {
    const limits = new Map<string, number>()
    for (const { key, pace } of this.#lanes.paced()) if (pace !== undefined) limits.set(key, claimLimit(pace))
    return limits
  }

  /** A delivery of that sink is stored and waits in the inbox for a claim: no place is kept for what comes after it. */
  noteBehind({ namespace, uid }: InboxOwner, sink: string): void {
    this.#lanes.of([namespace, uid, sink]).isBehind = true
  }

  /** A claim took all that was due, but for what was blocked. */
  noteCaughtUp({ lanes, owners, namespaces }: Blocked): void {
    for (const lane of this.#lanes.all()) {
      const [namespace, ownerUid] = lane.taker
      if (!lane.isBehind || lanes.has(lane.key) || owners.has(ownerUid) || namespaces.has(namespace)) continue
      lane.isBehind = false
      this.#lanes.forgetIfIdle(lane)
    }
  }

  /** Of the lanes whose deliveries need longer leases than others. */
  longLeases(): Map<string, number> {
    const leases = new Map<string, number>()
    for (const { key, leaseMs } of this.#lanes.all()) if (leaseMs !== undefined) leases.set(key, leaseMs)
    return leases
  }

  /** Takes every delivery that may start now, in the order of turns. The caller calls `finish` once for each. */
  *takeStartable(nowMs: number): Generator<StartedDelivery> {
    while (this.#waitingCount > 0 && !this.isFull) {
      const lane = this.#turns.next(
        (group) => this.#fits(group),
        (one) => this.#mayStart(one, nowMs),
      )
      const waiting = lane === undefined ? undefined : takeNext(lane, nowMs)
      if (lane === undefined || waiting === undefined) return
      this.#waitingCount -= 1
      this.#begin(lane, nowMs)
      yield { lane, waiting }
    }
  }

  finish({ lane, waiting }: StartedDelivery, nowMs: number): void {
    this.#end({ lane, bytes: sizeOf(waiting.delivery.event) }, nowMs)
  }

  /** Whether something waits, or would have to, for a place that a delivery of the lane has. */
  isPlaceWanted(lane: Lane, nowMs: number): boolean {
    return this.isFull || this.#waitingCount > 0 || lane.isBehind || lane.inFlight >= capacityOf(lane, nowMs)
  }

  /** Takes what waits in a lane, or in all, without starting it. */
  takeWaiting(lane?: Lane): WaitingDelivery[] {
    const lanes = lane === undefined ? [...this.#lanes.all()] : [lane]
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
    for (const lane of this.#lanes.all()) {
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
    const lanes = [...this.#lanes.all()].filter((lane) => this.isUnprobed(lane, nowMs))
    for (const lane of lanes) lane.probeOfMs = lane.circuit.openUntilMs
    return lanes
  }

  isUnprobed(lane: Lane, nowMs: number): boolean {
    return isProbing(lane.circuit, nowMs) && isIdle(lane) && lane.probeOfMs !== lane.circuit.openUntilMs
  }

  /**
   * What was made due as the probe may have ended without an attempt, because of its age or its transform: another one
   * shows whether the sink is well.
   */
  noteUnprobed(lane: Lane): void {
    lane.probeOfMs = 0
  }

  /** When the next open circuit may be tried; undefined without one. */
  nextProbeMs(nowMs: number): number | undefined {
    let next: number | undefined
    for (const { circuit } of this.#lanes.all()) {
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

  /** `ahead`: so many of the lane come before it. */
  #mayStart(lane: Lane, nowMs: number, ahead = 0): boolean {
    const [namespace] = lane.taker
    const load = { used: this.#inFlight.usedBy([namespace]), free: this.#inFlight.freeFor([namespace]) }
    return this.#inFlight.freeFor(lane.taker) > ahead && mayStart(lane, load, { nowMs, ahead })
  }

  #takeAll(lane: Lane): WaitingDelivery[] {
    const taken = lane.waiting.splice(0)
    this.#waitingCount -= taken.length
    for (const { delivery } of taken) this.#held.give(lane.taker, sizeOf(delivery.event))
    this.#turns.remove(lane)
    return taken
  }

  #nextPacedMs(nowMs: number, isMeant: (lane: Lane) => boolean): number | undefined {
    let next: number | undefined
    for (const lane of this.#lanes.paced()) {
      const laneMs = lane.pace === undefined ? 0 : opensMs(lane.pace, nowMs)
      if (laneMs > nowMs && isMeant(lane)) next = Math.min(next ?? Infinity, laneMs)
    }
    return next
  }

  #begin(lane: Lane, nowMs: number): void {
    lane.inFlight += 1
    if (lane.pace !== undefined) lane.pace = begun(lane.pace)
    this.#inFlight.take(lane.taker, 1)
    this.#turns.note(lane, nowMs)
  }

  #end({ lane, bytes }: Reservation, nowMs: number): void {
    lane.inFlight -= 1
    this.#inFlight.give(lane.taker, 1)
    this.#held.give(lane.taker, bytes)
    this.#turns.note(lane, nowMs)
    this.#lanes.forgetIfIdle(lane)
  }
}

function sizeOf({ body }: NewEvent): number {
  return body.byteLength + bytesBesidesBody
}
