import { DueQueue } from './due-queue.ts'
import type { ClaimExcept } from './port.ts'
import { Turns } from './turns.ts'

/** The deliveries of one object for one sink, as a driver keeps them. */
export interface DueLane {
  /** `ownerUid/sink` */
  readonly key: string
  readonly ownerUid: string
  readonly namespace: string
}

export interface DueLanesOptions<L> {
  /** When the lane's next delivery may be claimed; undefined without one. It may be too early, never too late. */
  readonly headMs: (lane: L) => number | undefined
  readonly weightOf: (namespace: string) => number
}

/**
 * What was taken of a lane: one of so many bytes (0: it has to wait after all), with more due there perhaps; or `none`,
 * because nothing was due any more.
 */
export type Taken = { readonly bytes: number; readonly hasMore: boolean } | 'none'

type Lanes<L> = Turns<L, undefined>
type Owners<L> = Turns<string, Lanes<L>>

/** So many bytes of a body cost as much as a delivery. */
const pageBytes = 4_096

interface Claiming {
  readonly limit: number
  readonly maxBytes?: number | undefined
  readonly nowMs: number
  readonly except?: ClaimExcept | undefined
  /** By key of the lane. */
  readonly limitByLane?: ReadonlyMap<string, number> | undefined
}

/**
 * Which lanes have something due, and whose turn it is: a namespace's, in it an object's, in it a lane's. What is not
 * due yet costs nothing in a claim, and what is due in thousands of lanes of one namespace delays another's by one
 * delivery.
 */
export class DueLanes<L extends DueLane> {
  readonly #options: DueLanesOptions<L>
  /** Lanes without anything due, by when that changes; holds outdated entries, too. */
  readonly #later = new DueQueue<L>()
  readonly #laterMs = new Map<L, number>()
  readonly #due = new Set<L>()
  readonly #namespaces = new Turns<string, Owners<L>>(() => new Turns(() => new Turns(() => undefined)))

  constructor(options: DueLanesOptions<L>) {
    this.#options = options
  }

  /** Lanes that have something due, as far as the last claim saw. */
  get dueCount(): number {
    return this.#due.size
  }

  /** Something in the lane falls due then. */
  note(lane: L, atMs: number): void {
    if (this.#due.has(lane) || atMs >= (this.#laterMs.get(lane) ?? Infinity)) return
    this.#laterMs.set(lane, atMs)
    this.#later.add(atMs, lane)
  }

  /** The lane whose next delivery falls due first, as far as `headMs` knows. */
  next(): L | undefined {
    let next = this.#firstLater()
    let nextMs = next === undefined ? Infinity : (this.#options.headMs(next) ?? Infinity)
    for (const lane of this.#due) {
      const headMs = this.#options.headMs(lane) ?? Infinity
      if (headMs < nextMs) [next, nextMs] = [lane, headMs]
    }
    return next
  }

  /**
   * Lets `take` take one delivery of one lane after the other, whosever turn it is, until it took `limit`, or
   * `maxBytes`, or nothing that may go is due. A lane that has had its own limit is due again with the next claim.
   */
  claim({ limit, maxBytes = Infinity, nowMs, except, limitByLane }: Claiming, take: (lane: L) => Taken): void {
    this.#findDue(nowMs)
    const round = new Round(this.#namespaces, except)
    const left = new Map(limitByLane)
    for (let [taken, bytes] = [0, 0]; taken < limit && bytes < maxBytes;) {
      const lane = round.next()
      if (lane === undefined) break
      const result = take(lane)
      if (result !== 'none') {
        taken += 1
        bytes += result.bytes
        round.serve(lane, this.#options.weightOf(lane.namespace), 1 + Math.floor(result.bytes / pageBytes))
      }
      const laneLeft = (left.get(lane.key) ?? Infinity) - (result === 'none' ? 0 : 1)
      if (left.has(lane.key)) left.set(lane.key, laneLeft)
      const hasMore = result !== 'none' && result.hasMore && laneLeft > 0
      round.goOn(lane, hasMore ? lane : undefined)
      if (!hasMore) this.#leave(lane)
    }
    round.end()
  }

  #findDue(nowMs: number): void {
    for (let lane = this.#firstLater(nowMs); lane !== undefined; lane = this.#firstLater(nowMs)) {
      this.#later.take()
      this.#laterMs.delete(lane)
      this.#enter(lane)
    }
  }

  /** Puts outdated entries right on the way. */
  #firstLater(untilMs = Infinity): L | undefined {
    for (let first = this.#later.first; first !== undefined && first.atMs <= untilMs; first = this.#later.first) {
      const { item: lane, atMs } = first
      const isKnown = this.#laterMs.get(lane) === atMs
      const headMs = isKnown ? this.#options.headMs(lane) : undefined
      if (headMs !== undefined && headMs <= atMs) return lane
      this.#later.take()
      if (isKnown) this.#laterMs.delete(lane)
      if (headMs !== undefined) this.note(lane, headMs)
    }
    return undefined
  }

  #enter(lane: L): void {
    this.#due.add(lane)
    this.#namespaces.add(lane.namespace).add(lane.ownerUid).add(lane)
  }

  #leave(lane: L): void {
    this.#due.delete(lane)
    const headMs = this.#options.headMs(lane)
    if (headMs !== undefined) this.note(lane, headMs)
  }
}

/** The turns of one claim. Whoever is passed over is looked at once, and put back at the end. */
class Round<L extends DueLane> {
  readonly #namespaces: Turns<string, Owners<L>>
  readonly #except: ClaimExcept | undefined
  readonly #putBack: (() => void)[] = []
  readonly #touched = new Set<{ forget: () => void }>()
  /** Where the lane stands whose turn it is. */
  #owners: Owners<L> | undefined
  #lanes: Lanes<L> | undefined

  constructor(namespaces: Turns<string, Owners<L>>, except: ClaimExcept | undefined) {
    this.#namespaces = namespaces
    this.#except = except
  }

  next(): L | undefined {
    for (let turn = this.#namespaces.next(); turn !== undefined; turn = this.#namespaces.next()) {
      const { key: namespace, own: owners } = turn
      if (this.#except?.namespaces?.has(namespace) === true) {
        this.#putBack.push(() => {
          this.#namespaces.add(namespace)
        })
        continue
      }
      const lane = this.#nextOfNamespace(namespace, owners)
      if (lane !== undefined) return lane
    }
    return undefined
  }

  /** It was given one. */
  serve(lane: L, weight: number, cost: number): void {
    this.#namespaces.serve(lane.namespace, weight / cost)
    this.#owners?.serve(lane.ownerUid, 1 / cost)
    this.#lanes?.serve(lane, 1 / cost)
  }

  /** The lane whose turn it was wants more, or others of its object or its namespace do. */
  goOn({ namespace, ownerUid }: L, lane?: L): void {
    const hasLanes = lane !== undefined || (this.#lanes?.size ?? 0) > 0
    if (!hasLanes && (this.#owners?.size ?? 0) === 0) return
    const owners = this.#namespaces.add(namespace)
    const lanes = hasLanes ? owners.add(ownerUid) : undefined
    if (lane !== undefined) lanes?.add(lane)
  }

  end(): void {
    for (const putBack of this.#putBack) putBack()
    for (const turns of [...this.#touched, this.#namespaces]) turns.forget()
  }

  #nextOfNamespace(namespace: string, owners: Owners<L>): L | undefined {
    for (let turn = owners.next(); turn !== undefined; turn = owners.next()) {
      const { key: uid, own: lanes } = turn
      if (this.#except?.owners?.has(uid) === true) {
        this.#putBack.push(() => {
          this.#namespaces.add(namespace).add(uid)
        })
        continue
      }
      const lane = this.#nextOfOwner(lanes)
      if (lane === undefined) continue
      this.#owners = owners
      this.#lanes = lanes
      this.#touched.add(owners).add(lanes)
      return lane
    }
    return undefined
  }

  #nextOfOwner(lanes: Lanes<L>): L | undefined {
    for (let turn = lanes.next(); turn !== undefined; turn = lanes.next()) {
      const { key: lane } = turn
      if (this.#except?.lanes.has(lane.key) !== true) return lane
      this.#putBack.push(() => {
        this.#namespaces.add(lane.namespace).add(lane.ownerUid).add(lane)
      })
    }
    return undefined
  }
}
