import type { Quotas } from '../fairness/quotas.ts'
import { SharedRoom } from '../fairness/shared-room.ts'
import { createLane, isForgettable, isIdle, laneKey, type Lane, type LaneBounds, type LaneTaker } from './lane.ts'
import { withRate } from './pace.ts'

/**
 * Lanes that are remembered for what they showed; the longest known idle one of the namespace that has most goes first.
 */
const maxRememberedLanes = 4_096

/** The lanes that have something, or are remembered for what they showed. */
export class KnownLanes {
  readonly #lanes = new Map<string, Lane>()
  /** Those whose sinks have a rate. */
  readonly #paced = new Set<Lane>()
  /** In lanes. */
  readonly #remembered: SharedRoom

  constructor(quotas: Quotas) {
    this.#remembered = new SharedRoom({ total: maxRememberedLanes, ...quotas })
  }

  all(): MapIterator<Lane> {
    return this.#lanes.values()
  }

  get(key: string): Lane | undefined {
    return this.#lanes.get(key)
  }

  /** The lane of that sink, a new one where none is known. */
  of(taker: LaneTaker): Lane {
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

  /** Those whose sinks have a rate. */
  paced(): ReadonlySet<Lane> {
    return this.#paced
  }

  /** What its sink sets now. */
  setBounds(lane: Lane, { maxInFlight, leaseMs, ratePerSecond }: LaneBounds): void {
    lane.maxInFlight = maxInFlight
    lane.leaseMs = leaseMs
    lane.pace = withRate(lane.pace, ratePerSecond)
    if (lane.pace === undefined) this.#paced.delete(lane)
    else this.#paced.add(lane)
  }

  /** To be called when something of the lane has ended. */
  forgetIfIdle(lane: Lane): void {
    if (isForgettable(lane)) this.#forget(lane)
  }

  #forgetOne(): void {
    const [heaviest] = this.#remembered.heaviest() ?? []
    const idle = this.#lanes.values().filter((lane) => isIdle(lane))
    const chosen = idle.find(({ taker: [namespace] }) => namespace === heaviest)
    if (chosen !== undefined) this.#forget(chosen)
  }

  #forget(lane: Lane): void {
    this.#paced.delete(lane)
    if (this.#lanes.delete(lane.key)) this.#remembered.give(lane.taker, 1)
  }
}
