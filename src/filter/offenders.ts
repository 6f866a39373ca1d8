import { growingMs } from '../backoff.ts'

/** After an evaluation was interrupted. */
const pauses = { baseMs: 10_000, maxMs: 10 * 60_000 }
/** Bounds memory; the one that was interrupted longest ago goes first. */
const maxOffenders = 4_096

interface Offence {
  /** How often it was interrupted before. */
  readonly repeats: number
  readonly untilMs: number
}

/**
 * Filters whose evaluation had to be interrupted, by `ownerUid/sink`: none of them is run for every event at the full
 * cost of an interruption. Pure.
 */
export class Offenders {
  readonly #offences = new Map<string, Offence>()

  /** Until when it is not run, milliseconds of the clock that `note` gets; undefined: it may. */
  pausedUntil(key: string, nowMs: number): number | undefined {
    const untilMs = this.#offences.get(key)?.untilMs ?? -Infinity
    return untilMs > nowMs ? untilMs : undefined
  }

  note(key: string, nowMs: number): void {
    const before = this.#offences.get(key)
    // An evaluation that was under way during the interruption does not count again.
    if (before !== undefined && before.untilMs > nowMs) return
    const repeats = before === undefined ? 0 : before.repeats + 1
    this.#offences.delete(key)
    this.#offences.set(key, { repeats, untilMs: nowMs + growingMs(repeats, pauses) })
    const [oldest] = this.#offences.keys()
    if (this.#offences.size > maxOffenders && oldest !== undefined) this.#offences.delete(oldest)
  }

  /** It ended in time after all. */
  clear(key: string): void {
    this.#offences.delete(key)
  }
}
