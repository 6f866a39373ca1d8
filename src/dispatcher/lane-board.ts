import { isOpen } from './circuit.ts'
import { capacityOf, createLane, isForgettable, isIdle, mayStart, type Lane, type WaitingDelivery } from './lane.ts'

/** Lanes that are remembered for what they showed; the longest untouched idle one goes first. */
const maxRememberedLanes = 4_096

/** All lanes of a dispatcher, and whose turn it is. Decides nothing about deliveries and does no I/O. */
export class LaneBoard {
  readonly #maxInFlight: number
  readonly #lanes = new Map<string, Lane>()
  /** Lanes with deliveries that wait, in the order of their turns. */
  readonly #turns = new Set<Lane>()
  #inFlight = 0

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight
  }

  get inFlight(): number {
    return this.#inFlight
  }

  get isFull(): boolean {
    return this.#inFlight >= this.#maxInFlight
  }

  get waiting(): number {
    return this.#turns.values().reduce((sum, lane) => sum + lane.waiting.length, 0)
  }

  openCircuits(nowMs: number): number {
    return this.#lanes.values().reduce((sum, lane) => sum + (isOpen(lane.circuit, nowMs) ? 1 : 0), 0)
  }

  /** Adds a delivery that waits for its lane's turn. `maxInFlight`: of the sink, where there is one. */
  enqueue(waiting: WaitingDelivery, maxInFlight?: number): void {
    const { event, sink } = waiting.delivery
    const lane = this.#laneOf(`${event.owner.uid}/${sink}`)
    if (maxInFlight !== undefined) lane.maxInFlight = maxInFlight
    lane.waiting.push(waiting)
    this.#turns.add(lane)
  }

  /** Takes every delivery that may start now, one per lane and turn. The caller calls `finish` once for each. */
  *takeStartable(nowMs: number): Generator<{ lane: Lane; waiting: WaitingDelivery }> {
    for (const lane of this.#turns) {
      if (this.isFull) return
      const total = { inFlight: this.#inFlight, maxInFlight: this.#maxInFlight }
      const waiting = mayStart(lane, total, nowMs) ? lane.waiting.shift() : undefined
      if (waiting === undefined) continue
      this.#turns.delete(lane)
      if (lane.waiting.length > 0) this.#turns.add(lane) // to the end: visited once more in this very loop
      lane.inFlight += 1
      this.#inFlight += 1
      yield { lane, waiting }
    }
  }

  finish(lane: Lane): void {
    lane.inFlight -= 1
    this.#inFlight -= 1
    if (isForgettable(lane)) this.#lanes.delete(lane.key)
  }

  /** Takes what waits in a lane, or in all, without starting it. */
  takeWaiting(lane?: Lane): WaitingDelivery[] {
    const lanes = lane === undefined ? [...this.#turns] : [lane]
    return lanes.flatMap((from) => {
      this.#turns.delete(from)
      return from.waiting.splice(0)
    })
  }

  /** The lanes for which nothing should be claimed now. */
  blocked(nowMs: number): Set<string> {
    const keys = new Set<string>()
    for (const lane of this.#lanes.values()) {
      if (lane.waiting.length > 0 || lane.inFlight >= capacityOf(lane, nowMs)) keys.add(lane.key)
    }
    return keys
  }

  /** When the next open circuit may be tried; undefined without one. */
  nextProbeMs(nowMs: number): number | undefined {
    let next: number | undefined
    for (const { circuit } of this.#lanes.values()) {
      if (isOpen(circuit, nowMs)) next = Math.min(next ?? Infinity, circuit.openUntilMs)
    }
    return next
  }

  #laneOf(key: string): Lane {
    const known = this.#lanes.get(key)
    if (known !== undefined) return known
    if (this.#lanes.size >= maxRememberedLanes) this.#forgetOldestIdle()
    const lane = createLane(key)
    this.#lanes.set(key, lane)
    return lane
  }

  #forgetOldestIdle(): void {
    const oldest = this.#lanes.values().find((lane) => isIdle(lane))
    if (oldest !== undefined) this.#lanes.delete(oldest.key)
  }
}
