import { SharedRoom } from '../fairness/shared-room.ts'
import type { SendOutcome } from '../sinks/port.ts'

/** One sink of one object. */
export interface SinkName {
  readonly ownerUid: string
  readonly sink: string
}

/** Who remembers it, too. */
export interface OwnedSinkName extends SinkName {
  readonly namespace: string
}

/** Why the last attempt failed: a word of the sinks' closed list, and the status where an answer came. */
export interface SinkFailure {
  readonly cause: string
  readonly status?: number
}

/** What this process has seen of a sink that it has tried. */
export interface SinkState extends SinkName {
  readonly sinkType: string
  /** Set while it fails. Times are milliseconds since the epoch. */
  readonly failing?: SinkFailure & { readonly sinceMs: number }
  readonly lastAttemptMs: number
}

interface Row {
  readonly name: OwnedSinkName
  readonly sinkType: string
  lastAttemptMs: number
  /** The row of failures that is not over yet: by a success, or, once it counts as failing, by a recovery. */
  failures?: { sinceMs: number; lastMs: number; weight: number; why: SinkFailure }
  /** Since the last failure. */
  successes: number
  isFailing: boolean
}

/** Shorter rows of failures are hiccups: a pod that is replaced, one lost connection. */
const failsAfterMs = 10_000
/**
 * An event that a sink refuses for good may be the event's own fault: it takes two such in a row, and one of everything
 * else, to blame the sink.
 */
const blamedFrom = 2
/** A sink that answers now and then has not recovered: so many in a row, or one and then no failure for so long. */
const recoversAfterSuccesses = 10
const recoversAfterMs = 15_000
/** Bounds memory. The namespace that has most loses one, and of its sinks a healthy one before one that fails. */
const maxSinks = 4_096

/**
 * Whether each sink takes what it is sent, from the outcomes of all attempts of this process. It decides nothing about
 * deliveries: it is only reported. Both changes are damped, so that a sink that is neither healthy nor down does not
 * cause a write at every look.
 */
export class SinkHealth {
  readonly #rows = new Map<string, Row>()
  readonly #room = new SharedRoom({ total: maxSinks })

  /** What came of an attempt. */
  noteOutcome(name: OwnedSinkName, sinkType: string, outcome: SendOutcome, nowMs: number): void {
    const why = failureIn(outcome)
    if (why === undefined) return this.#noteSuccess(name, sinkType, nowMs)
    const isSinksFault = outcome.type !== 'permanent' || outcome.burden !== undefined
    this.noteFailure(name, sinkType, { why, isSinksFault }, nowMs)
  }

  /** `isSinksFault`: the event cannot be to blame. */
  noteFailure(
    name: OwnedSinkName,
    sinkType: string,
    { why, isSinksFault }: { why: SinkFailure; isSinksFault: boolean },
    nowMs: number,
  ): void {
    const row = this.#rowOf(name, sinkType, nowMs)
    row.successes = 0
    row.failures ??= { sinceMs: nowMs, lastMs: nowMs, weight: 0, why }
    row.failures.weight += isSinksFault ? blamedFrom : 1
    row.failures.lastMs = nowMs
    row.failures.why = why
  }

  /** Of every sink that is remembered and that `isKnown`; what is not known is forgotten. */
  states(nowMs: number, isKnown: (name: SinkName) => boolean = () => true): SinkState[] {
    const states: SinkState[] = []
    for (const [key, row] of this.#rows) {
      if (!isKnown(row.name)) this.#forget(key, row)
      else states.push(stateOf(row, nowMs))
    }
    return states
  }

  #noteSuccess(name: OwnedSinkName, sinkType: string, nowMs: number): void {
    const row = this.#rowOf(name, sinkType, nowMs)
    judge(row, nowMs)
    row.successes += 1
    if (!row.isFailing) delete row.failures
  }

  #rowOf(name: OwnedSinkName, sinkType: string, nowMs: number): Row {
    const key = `${name.ownerUid}/${name.sink}`
    const known = this.#rows.get(key)
    if (known !== undefined && known.sinkType === sinkType) {
      known.lastAttemptMs = nowMs
      return known
    }
    if (known === undefined && this.#rows.size >= maxSinks) this.#forgetOne()
    const row: Row = { name, sinkType, lastAttemptMs: nowMs, successes: 0, isFailing: false }
    if (known === undefined) this.#room.take([name.namespace], 1)
    this.#rows.set(key, row)
    return row
  }

  #forgetOne(): void {
    const [heaviest] = this.#room.heaviest() ?? []
    const own = [...this.#rows].filter(([, { name }]) => name.namespace === heaviest)
    const chosen = own.find(([, { failures }]) => failures === undefined) ?? own[0]
    if (chosen !== undefined) this.#forget(...chosen)
  }

  #forget(key: string, { name }: Row): void {
    this.#rows.delete(key)
    this.#room.give([name.namespace], 1)
  }
}

function stateOf(row: Row, nowMs: number): SinkState {
  judge(row, nowMs)
  const { name, sinkType, lastAttemptMs, failures, isFailing } = row
  const { ownerUid, sink } = name
  const state = { ownerUid, sink, sinkType, lastAttemptMs }
  return isFailing && failures !== undefined
    ? { ...state, failing: { ...failures.why, sinceMs: failures.sinceMs } }
    : state
}

/** Brings `isFailing` up to date: time alone turns a row of failures into failing, and a success into a recovery. */
function judge(row: Row, nowMs: number): void {
  const { failures, successes } = row
  if (failures === undefined) return
  if (row.isFailing) {
    const isOver = successes >= recoversAfterSuccesses || (successes > 0 && nowMs - failures.lastMs >= recoversAfterMs)
    if (!isOver) return
    row.isFailing = false
    delete row.failures
    return
  }
  row.isFailing = failures.weight >= blamedFrom && nowMs - failures.sinceMs >= failsAfterMs
}

/**
 * undefined: it took the event. A sink whose answer was a burden opens its circuit although it took the event, and the
 * cause is reported.
 */
function failureIn(outcome: SendOutcome): SinkFailure | undefined {
  const cause = causeIn(outcome)
  if (cause === undefined) return undefined
  return { cause, ...(outcome.status !== undefined && { status: outcome.status }) }
}

function causeIn(outcome: SendOutcome): string | undefined {
  if (outcome.type === 'unauthorized') return outcome.type
  if (outcome.type !== 'delivered') return outcome.cause
  return outcome.burden && 'malformedAnswer'
}
