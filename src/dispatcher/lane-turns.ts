import type { Quotas } from '../fairness/quotas.ts'
import type { SharedRoom, Taker } from '../fairness/shared-room.ts'
import { FewestFirst } from './fewest-first.ts'
import { capacityOf, type Lane } from './lane.ts'

interface Namespace {
  readonly name: string
  readonly objects: Map<string, FewestFirst<Lane>>
  /** By uid. */
  readonly turns: FewestFirst<string>
}

/**
 * The order of turns: the namespace that has least under way for its weight, in it the object, in it the lane. Holds
 * only lanes that may have a turn.
 */
export class LaneTurns {
  readonly #inFlight: SharedRoom
  readonly #quotas: Pick<Quotas, 'weightOf'>
  readonly #namespaces = new Map<string, Namespace>()
  readonly #turns = new FewestFirst<Namespace>()

  /** `inFlight`: what is under way; changed by the caller, who tells each change with `note`. */
  constructor(inFlight: SharedRoom, quotas: Pick<Quotas, 'weightOf'>) {
    this.#inFlight = inFlight
    this.#quotas = quotas
  }

  /** Nothing waits in it any more. */
  remove(lane: Lane): void {
    this.#place(lane, false)
  }

  /** To be called after each other change of a lane: what waits in it, what is under way. */
  note(lane: Lane, nowMs: number): void {
    this.#place(lane, mayHaveTurn(lane, nowMs))
  }

  /**
   * The lane whose turn it is among those that may start; `fits`: whether a namespace or an object may start anything.
   */
  next(fits: (group: Taker) => boolean, mayStart: (lane: Lane) => boolean): Lane | undefined {
    for (const { name, objects, turns } of this.#turns.inOrder()) {
      if (!fits([name])) continue
      for (const uid of turns.inOrder()) {
        if (!fits([name, uid])) continue
        const lane = objects.get(uid)?.inOrder().find(mayStart)
        if (lane !== undefined) return lane
      }
    }
    return undefined
  }

  #place(lane: Lane, hasTurns: boolean): void {
    const [name, uid] = lane.taker
    const namespace = this.#namespaces.get(name) ?? { name, objects: new Map(), turns: new FewestFirst() }
    const lanes = namespace.objects.get(uid) ?? new FewestFirst<Lane>()
    if (hasTurns) lanes.put(lane, lane.inFlight)
    else lanes.delete(lane)
    if (lanes.size > 0) {
      namespace.objects.set(uid, lanes)
      namespace.turns.put(uid, this.#inFlight.usedBy([name, uid]))
    } else {
      namespace.objects.delete(uid)
      namespace.turns.delete(uid)
    }
    if (namespace.turns.size > 0) {
      this.#namespaces.set(name, namespace)
      this.#turns.put(namespace, this.#inFlight.usedBy([name]) / this.#quotas.weightOf(name))
    } else {
      this.#namespaces.delete(name)
      this.#turns.delete(namespace)
    }
  }
}

/**
 * One that has all under way that it may have is looked at again when one of these ends; one that has nothing, each
 * time: its circuit's pause may be over.
 */
function mayHaveTurn(lane: Lane, nowMs: number): boolean {
  return lane.waiting.length > 0 && (lane.inFlight === 0 || lane.inFlight < capacityOf(lane, nowMs))
}
