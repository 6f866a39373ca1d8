/** The path of a job that waits for its turn, from the widest group to the narrowest: namespace, object, sink. */
export type TurnPath = readonly [first: string, ...within: string[]]

/** A job whose turn it is. The caller hands it back with what it cost. */
export interface Turn<Job> {
  readonly job: Job
  readonly parts: readonly Charged<Job>[]
}

export interface TurnsOptions {
  /**
   * How much of the time a name of the first level may have beside others, above 0; 1 where nothing was said. Read each
   * time, so that it may change.
   */
  readonly weightOf?: (first: string) => number
}

/**
 * Whose turn it is at something that serves one after the other, such as a processor: first between namespaces, then
 * between the objects of each, then between their sinks. This is start-time fair queueing (Goyal, Vin and Cheng,
 * IEEE/ACM Transactions on Networking 5(5), 1997), level by level: the one that has used least for its weight is next,
 * and a new one begins where the others are, without debt and without saved time. No place is idle while a job waits.
 * Costs are known only afterwards; until then each job counts as much as the one of its own before it.
 *
 * Pure bookkeeping: no clock, no I/O. Costs are in any one unit, such as milliseconds. It drops entries that have no
 * advantage over the others, so that its memory covers only those that wait or were served lately.
 */
export class Turns<Job> {
  readonly #weightOf: (first: string) => number
  readonly #root = createPart<Job>(0)

  constructor({ weightOf = () => 1 }: TurnsOptions = {}) {
    this.#weightOf = weightOf
  }

  /** Jobs that have not been taken. */
  get waiting(): number {
    return this.#root.waiting
  }

  /** In each place of its own first in, first out. */
  add(path: TurnPath, job: Job): void {
    let part = this.#root
    for (const name of path) {
      part.waiting += 1
      part = childOf(part, name)
    }
    part.waiting += 1
    part.jobs.push(job)
  }

  /** The next job; undefined when none waits. Each is handed to `done` once, in any order. */
  take(): Turn<Job> | undefined {
    if (this.#root.waiting === 0) return undefined
    const parts: Charged<Job>[] = []
    let part = this.#root
    part.waiting -= 1
    while (part.jobs.length === 0) {
      const [name, next] = leastServed(part)
      const weight = parts.length === 0 ? this.#weightOf(name) : 1
      part.virtualTime = next.tag
      next.tag += next.lastCost / weight
      next.waiting -= 1
      next.running += 1
      // To the end, so that those who are alike take turns.
      part.parts.delete(name)
      part.parts.set(name, next)
      parts.push({ parent: part, part: next, weight, charged: next.lastCost })
      part = next
    }
    return { job: part.jobs.shift() as Job, parts }
  }

  /** It has been served, and cost so much; 0 for what was not begun after all. */
  done({ parts }: Turn<Job>, cost: number): void {
    for (const { parent, part, weight, charged } of parts.toReversed()) {
      part.tag += (cost - charged) / weight
      if (cost > 0) part.lastCost = cost
      part.running -= 1
      if (parent.parts.values().every(isIdle)) parent.parts.clear()
    }
  }
}

interface Part<Job> {
  /** Where it stands beside the others of its parent: when, in their virtual time, its next job begins. */
  tag: number
  /** Where those in it stand: the tag of the last one that was taken. */
  virtualTime: number
  /** Jobs that wait in it. */
  waiting: number
  /** Jobs of it that were taken and are not done. */
  running: number
  lastCost: number
  readonly parts: Map<string, Part<Job>>
  readonly jobs: Job[]
}

interface Charged<Job> {
  readonly parent: Part<Job>
  readonly part: Part<Job>
  readonly weight: number
  readonly charged: number
}

function createPart<Job>(tag: number): Part<Job> {
  return { tag, virtualTime: 0, waiting: 0, running: 0, lastCost: 0, parts: new Map(), jobs: [] }
}

function childOf<Job>(parent: Part<Job>, name: string): Part<Job> {
  const { virtualTime } = parent
  const known = parent.parts.get(name)
  if (known === undefined) {
    for (const [other, part] of parent.parts) {
      if (isIdle(part) && part.tag <= virtualTime) parent.parts.delete(other)
    }
    const part = createPart<Job>(virtualTime)
    parent.parts.set(name, part)
    return part
  }
  // Time in which it had no jobs is not saved.
  if (isIdle(known)) known.tag = Math.max(known.tag, virtualTime)
  return known
}

function leastServed<Job>({ parts }: Part<Job>): [string, Part<Job>] {
  let least: [string, Part<Job>] | undefined
  for (const entry of parts) {
    if (entry[1].waiting > 0 && (least === undefined || entry[1].tag < least[1].tag)) least = entry
  }
  if (least === undefined) throw new Error('a part counts jobs that none of its parts has')
  return least
}

function isIdle<Job>({ waiting, running }: Part<Job>): boolean {
  return waiting === 0 && running === 0
}
