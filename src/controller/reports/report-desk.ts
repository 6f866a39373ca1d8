import type { Clock } from '../../clock.ts'
import type { PodReport } from './read-reports.ts'
import { foldReports, noteworthyChanges, presenceOf, type FoldedReport } from './receiver-reports.ts'
import { areCountsStale, type ToldCounts } from './sink-counts.ts'
import { foldSinkReports, type SinkReports } from './sink-reports.ts'
import type { FoldedSinks } from '../facts/folded-sinks.ts'
import type { ReceiverPresence } from '../facts/receiver-presence.ts'
import { noSinkReports } from './sink-status.ts'

/** What reports are about. A route has no check. */
export interface ReportedObject {
  metadata: { uid: string }
  status?: (ToldCounts & { check?: { attemptID: string } | undefined }) | undefined
}

interface DeskOptions {
  clock: Clock
  /** At most so often an object is woken for counts alone. */
  countsIntervalMs: number
  /** All deliveries go to one receiver, however many run. */
  oneReceives?: boolean
  /** What the receivers say, as it is cached now. */
  read: () => readonly PodReport[]
  /** Webhooks and routes. */
  objects: () => readonly ReportedObject[]
  /** The objects of these uids are to be looked at soon; `behind`: after all work with another cause than a report. */
  wake: (uids: readonly string[], options: { behind: boolean }) => void
  /** Whether receivers can tell what they have had is another matter than before. */
  onFoldProblem: () => void
}

/** More than a write takes after the last look: the counts that it wrote are then due again. */
const lookMarginMs = 1_000

/**
 * Of the thread's time: a dozen reports of 20,000 objects take some 0.2 s to read and fold, and receivers write when
 * they like.
 */
const shareOfTime = 0.05
/**
 * An object is woken at once for so many turns a minute, and further ones with the look at the counts: false reports
 * cost no more.
 */
const turnsAtOnce = 10

/**
 * The receivers' reports, folded: wakes the objects of a turn at once, and once a minute those whose counts have
 * changed.
 */
export class ReportDesk {
  readonly #options: DeskOptions
  #endpoints: ReadonlyMap<string, FoldedReport> = new Map()
  #sinks: SinkReports = { uids: [], of: () => noSinkReports }
  #presence: ReceiverPresence = {}
  readonly #waitingSinceMs = new Map<string, number>()
  /** Since the last look: how often each object was woken for a turn. */
  #turns = new Map<string, number>()
  #cancel: (() => void) | undefined
  #restUntilMs = -Infinity
  #cancelTake: (() => void) | undefined

  constructor(options: DeskOptions) {
    this.#options = options
  }

  endpoint(uid: string): FoldedReport | undefined {
    return this.#endpoints.get(uid)
  }

  /** When receivers ran. */
  get presence(): ReceiverPresence {
    return this.#presence
  }

  sinks(uid: string): FoldedSinks {
    return this.#sinks.of(uid)
  }

  /** For how long the reports have shown something pending, without a break. */
  waitingMs(uid: string): number {
    const sinceMs = this.#waitingSinceMs.get(uid)
    return sinceMs === undefined ? 0 : this.#options.clock.monotonic() - sinceMs
  }

  /** Reports changed. They are folded at once, or as soon as the last time has been made up for. */
  noticed(): void {
    if (this.#cancelTake !== undefined) return
    const { clock } = this.#options
    const restMs = this.#restUntilMs - clock.monotonic()
    if (restMs <= 0) return this.#take()
    this.#cancelTake = clock.after(restMs, () => this.#take())
  }

  #take(): void {
    const { clock, read, wake, onFoldProblem, oneReceives = false } = this.#options
    this.#cancelTake?.()
    this.#cancelTake = undefined
    const startMs = clock.monotonic()
    const before = { endpoints: this.#endpoints, sinks: this.#sinks, presence: this.#presence }
    const reports = read()
    this.#endpoints = foldReports(reports)
    this.#sinks = foldSinkReports(reports, clock.now())
    this.#presence = presenceOf(reports, { oneReceives })
    this.#noteWaiting()
    const turned = [...new Set([...before.sinks.uids, ...this.#sinks.uids])].filter(
      (uid) => failingIn(before.sinks.of(uid)) !== failingIn(this.#sinks.of(uid)),
    )
    const noteworthy = noteworthyChanges(before.endpoints, this.#endpoints)
    const endMs = clock.monotonic()
    this.#restUntilMs = endMs + (endMs - startMs) / shareOfTime
    wake(this.#atOnce(new Set([...noteworthy, ...turned])), { behind: true })
    wake(this.#answered(before.endpoints), { behind: false })
    if (before.presence.foldProblem !== this.#presence.foldProblem) onFoldProblem()
  }

  /** Objects whose open check a receiver has just answered: they come first, because people wait for them. */
  #answered(before: ReadonlyMap<string, FoldedReport>): string[] {
    const isNew = (uid: string, attemptID: string) =>
      before.get(uid)?.echoes.some((echo) => echo.attemptID === attemptID) !== true
    return this.#options.objects().flatMap(({ metadata: { uid }, status }) => {
      const attemptID = status?.check?.attemptID
      if (attemptID === undefined || !isNew(uid, attemptID)) return []
      return this.#endpoints.get(uid)?.echoes.some((echo) => echo.attemptID === attemptID) === true ? [uid] : []
    })
  }

  #atOnce(uids: ReadonlySet<string>): string[] {
    return [...uids].filter((uid) => {
      const turns = (this.#turns.get(uid) ?? 0) + 1
      this.#turns.set(uid, turns)
      return turns <= turnsAtOnce
    })
  }

  /** From now on counts are compared with what the objects tell. */
  start(): void {
    const { clock, countsIntervalMs } = this.#options
    this.#cancel = clock.after(countsIntervalMs + lookMarginMs, () => {
      this.#look()
      this.start()
    })
  }

  stop(): void {
    this.#cancel?.()
    this.#cancelTake?.()
  }

  #noteWaiting(): void {
    for (const uid of this.#waitingSinceMs.keys()) {
      if ((this.#endpoints.get(uid)?.pending ?? 0) === 0) this.#waitingSinceMs.delete(uid)
    }
    const nowMs = this.#options.clock.monotonic()
    for (const [uid, { pending }] of this.#endpoints) {
      if (pending > 0 && !this.#waitingSinceMs.has(uid)) this.#waitingSinceMs.set(uid, nowMs)
    }
  }

  #look(): void {
    const { objects, wake } = this.#options
    const deferred = [...this.#turns].flatMap(([uid, turns]) => (turns > turnsAtOnce ? [uid] : []))
    this.#turns = new Map()
    // Folded anew: a receiver that fell silent changes nothing but the time.
    this.#take()
    const stale = objects().filter((object) => {
      const { uid } = object.metadata
      return areCountsStale(object, {
        report: this.endpoint(uid),
        sinks: this.sinks(uid),
        waitingMs: this.waitingMs(uid),
      })
    })
    wake([...deferred, ...stale.map(({ metadata }) => metadata.uid)], { behind: true })
  }
}

/** The sinks that fail, as one text. */
function failingIn({ byName }: FoldedSinks): string {
  return JSON.stringify([...byName].flatMap(([name, { failing }]) => (failing === undefined ? [] : [name])).toSorted())
}
