import { isNoDelivery, type LiveEntry, type RequestEntry, type StepEntry } from '../contract/page/deliveries.ts'
import type { LastHour } from '../contract/page/overview.ts'
import { Latencies } from './latencies.ts'

const minuteMs = 60_000
const minutesShown = 60
/** Clocks differ; by more than that, what is ahead would take the places of what is shown. */
const maxAheadMs = 5 * minuteMs
/** Some ahead. Kept while no page looks. */
const maxMinutes = 2 * minutesShown
/** Requests and first successes that wait for their other half. */
const maxWaiting = 20_000

interface Minute {
  delivered: number
  triedAgain: number
  deadLetters: number
  refused: number
  readonly latencies: Latencies
}

/** Deliveries of the last hour by minute, from the entries as they come, in any order. */
export class Hour {
  readonly #minutes = new Map<number, Minute>()
  /** When a request began, and successes whose request has not been told yet: a sink may answer first. */
  readonly #begun = new Map<string, number>()
  readonly #ended = new Map<string, number[]>()
  #completeSinceMs = 0

  add(entry: LiveEntry): void {
    if (entry.kind === 'request') this.#addRequest(entry)
    else this.#addStep(entry)
  }

  /** What came before that moment may not be known in full. */
  incompleteBefore(atMs: number): void {
    this.#completeSinceMs = Math.max(this.#completeSinceMs, atMs)
  }

  view(nowMs: number): LastHour {
    const last = minuteOf(nowMs)
    const first = last - (minutesShown - 1) * minuteMs
    const isOff = (minute: number) => minute < first || minute > last + maxAheadMs
    for (const minute of [...this.#minutes.keys()].filter(isOff)) this.#minutes.delete(minute)
    const minutes = Array.from({ length: minutesShown }, (_, at) => first + at * minuteMs)
    const seen = minutes.map((minute) => this.#minutes.get(minute) ?? emptyMinute())
    const all = new Latencies()
    for (const { latencies } of seen) all.addAll(latencies)
    const sum = (count: (minute: Minute) => number) => seen.reduce((total, minute) => total + count(minute), 0)
    return {
      minutes,
      delivered: seen.map(({ delivered }) => delivered),
      triedAgain: seen.map(({ triedAgain }) => triedAgain),
      deadLetters: seen.map(({ deadLetters }) => deadLetters),
      refused: seen.map(({ refused }) => refused),
      p50Ms: seen.map(({ latencies }) => latencies.quantile(0.5)),
      p99Ms: seen.map(({ latencies }) => latencies.quantile(0.99)),
      total: {
        delivered: sum(({ delivered }) => delivered),
        triedAgain: sum(({ triedAgain }) => triedAgain),
        deadLetters: sum(({ deadLetters }) => deadLetters),
        refused: sum(({ refused }) => refused),
        p50Ms: all.quantile(0.5),
        p99Ms: all.quantile(0.99),
      },
      completeSinceMs: Math.max(first, this.#completeSinceMs),
    }
  }

  #addRequest(entry: RequestEntry): void {
    const endedMs = Date.parse(entry.at)
    const isTaken = entry.outcome === 'Stored' || entry.outcome === 'Duplicate'
    if (!isTaken && !isNoDelivery(entry)) this.#minute(endedMs).refused += 1
    if (entry.outcome !== 'Stored' || entry.eventId === undefined) return
    const key = keyOf(entry)
    const begunMs = endedMs - entry.durationMs
    keep(this.#begun, key, begunMs)
    for (const deliveredMs of this.#ended.get(key) ?? []) this.#measure(begunMs, deliveredMs)
    this.#ended.delete(key)
  }

  #addStep(entry: StepEntry): void {
    const atMs = Date.parse(entry.at)
    const minute = this.#minute(atMs)
    if (entry.next === 'Succeed') minute.delivered += 1
    else if (entry.next === 'DeadLetter') minute.deadLetters += 1
    else if (entry.next === 'RetryAt' || entry.next === 'Hold') minute.triedAgain += 1
    if (entry.next !== 'Succeed' || entry.attempt?.number !== 1 || entry.attempt.replayed) return
    const key = keyOf(entry)
    const begunMs = this.#begun.get(key)
    if (begunMs === undefined) keep(this.#ended, key, [...(this.#ended.get(key) ?? []), atMs])
    else this.#measure(begunMs, atMs)
  }

  #measure(begunMs: number, deliveredMs: number): void {
    this.#minute(deliveredMs).latencies.add(Math.max(0, deliveredMs - begunMs))
  }

  #minute(atMs: number): Minute {
    const begins = minuteOf(atMs)
    const known = this.#minutes.get(begins)
    if (known !== undefined) return known
    const minute = emptyMinute()
    this.#minutes.set(begins, minute)
    if (this.#minutes.size > maxMinutes) this.#minutes.delete(Math.min(...this.#minutes.keys()))
    return minute
  }
}

function emptyMinute(): Minute {
  return { delivered: 0, triedAgain: 0, deadLetters: 0, refused: 0, latencies: new Latencies() }
}

function minuteOf(atMs: number): number {
  return Math.floor(atMs / minuteMs) * minuteMs
}

function keyOf({ namespace = '', name = '', eventId = '' }: LiveEntry): string {
  return `${namespace}/${name}/${eventId}`
}

/** The oldest goes. */
function keep<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > maxWaiting && oldest !== undefined) map.delete(oldest)
}
