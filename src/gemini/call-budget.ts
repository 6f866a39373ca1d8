import type { Clock } from '../clock.ts'
import { inTurn } from '../fairness/in-turn.ts'
import type { GeminiMetrics } from './gemini-metrics.ts'
import { GeminiError } from './webhook-service.ts'

/** On whose account a call is made. */
export interface CallAccount {
  /**
   * The party that is to have a fair share of the key's budget: a namespace. `''`: calls that serve all users of the
   * key.
   */
  readonly party: string
  /** Goes before the other calls of its party. */
  readonly isUrgent: boolean
}

export const everybody: CallAccount = { party: '', isUrgent: false }

/**
 * How often one API key may call. Shared by everything that uses the key; parties take turns, and within one it is
 * first come, first served.
 */
export interface CallBudget {
  /**
   * Resolves when the call may be made. Rejects with ERR_GEMINI_RATE_LIMITED at once when the wait would exceed
   * `maxWaitMs` (the caller has a queue to wait in), and with the signal's reason when it aborts first.
   */
  take(signal?: AbortSignal, account?: CallAccount): Promise<void>
  /** After a 429: no call is made for this long, and then calls follow at the steady rate, without a burst. */
  pause(pauseMs: number): void
  /** How many calls may be made now without waiting; 0 while paused or while others wait. */
  available(): number
}

export interface CallBudgetSettings {
  /** Steady rate. Google publishes none for this API; the default leaves room for people and other tools. */
  callsPerSecond: number
  /** How many calls may be made at once after a quiet time. */
  burst: number
  maxWaitMs: number
}

const defaultCallBudget: CallBudgetSettings = { callsPerSecond: 5, burst: 10, maxWaitMs: 20_000 }

/** A token bucket as a value. `atMs` is on the monotonic clock. */
export interface BudgetState {
  tokens: number
  atMs: number
  pausedUntilMs: number
}

/** The state at `nowMs`, with what was refilled since; nothing refills during a pause. */
export function refill(state: BudgetState, settings: CallBudgetSettings, nowMs: number): BudgetState {
  const from = Math.max(state.atMs, Math.min(state.pausedUntilMs, nowMs))
  const gained = (Math.max(nowMs - from, 0) * settings.callsPerSecond) / 1000
  return { ...state, tokens: Math.min(settings.burst, state.tokens + gained), atMs: Math.max(nowMs, state.atMs) }
}

/**
 * Milliseconds until the caller with `ahead` others before it may go; 0 means now. The state must be refilled to
 * `nowMs`.
 */
export function waitFor(state: BudgetState, settings: CallBudgetSettings, nowMs: number, ahead: number): number {
  const pauseMs = Math.max(state.pausedUntilMs - nowMs, 0)
  const missing = Math.max(ahead + 1 - state.tokens, 0)
  return pauseMs + Math.ceil((missing * 1000) / settings.callsPerSecond)
}

/** The state after a 429: paused, and empty when the pause ends. A shorter pause does not end a longer one. */
export function pauseBudget(state: BudgetState, nowMs: number, pauseMs: number): BudgetState {
  return { ...state, tokens: Math.min(state.tokens, 0), pausedUntilMs: Math.max(state.pausedUntilMs, nowMs + pauseMs) }
}

/**
 * One state for two keys that turn out to be of one project, each refilled to the same time: what both have used
 * counts against one burst, a pause of either holds, and no debt arises. Pure.
 */
export function uniteBudgets(one: BudgetState, other: BudgetState, { burst }: CallBudgetSettings): BudgetState {
  return {
    tokens: Math.max(one.tokens + other.tokens - burst, 0),
    atMs: Math.max(one.atMs, other.atMs),
    pausedUntilMs: Math.max(one.pausedUntilMs, other.pausedUntilMs),
  }
}

interface Waiter extends CallAccount {
  sinceMs: number
  go: () => void
  refuse: (error: GeminiError) => void
}

export interface CallBudgetOptions {
  settings?: Partial<CallBudgetSettings>
  clock: Clock
  metrics: GeminiMetrics
  /** Called whenever it is less than full because of what happens: a call, a pause, or what it joins with. */
  onUse?: () => void
}

/** A call budget that can become one with another of the same settings. */
export interface SharedCallBudget extends CallBudget {
  /**
   * From now on this budget and that one are one, whoever holds either, with all who wait at both. Idempotent; cannot
   * be undone.
   */
  joinTo(other: SharedCallBudget): void
}

/** A full budget. */
export function createCallBudget(options: CallBudgetOptions): SharedCallBudget {
  return new TokenBudget(options)
}

class TokenBudget implements SharedCallBudget {
  readonly #clock: Clock
  readonly #metrics: GeminiMetrics
  readonly #settings: CallBudgetSettings
  readonly #onUse: () => void
  #state: BudgetState
  #waiters: Waiter[] = []
  /** Of the parties that wait, when each had its last turn, or came. */
  readonly #lastTurns = new Map<string, number>()
  #turns = 0
  #cancelTimer: (() => void) | undefined
  /** The one that this has become, which then does everything. */
  #joined: TokenBudget | undefined

  constructor({ settings, clock, metrics, onUse = () => {} }: CallBudgetOptions) {
    this.#clock = clock
    this.#metrics = metrics
    this.#settings = { ...defaultCallBudget, ...settings }
    this.#onUse = onUse
    this.#state = { tokens: this.#settings.burst, atMs: clock.monotonic(), pausedUntilMs: 0 }
  }

  take(signal?: AbortSignal, account: CallAccount = everybody): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error)
      const giveUp = () => {
        this.#last().#leave(new Set([waiter]))
        reject(signal?.reason as Error)
      }
      const settled = (then: () => void) => {
        signal?.removeEventListener('abort', giveUp)
        then()
      }
      const waiter: Waiter = {
        party: account.party,
        isUrgent: account.isUrgent,
        sinceMs: this.#clock.monotonic(),
        go: () => {
          this.#metrics.budgetWaitSeconds.observe((this.#clock.monotonic() - waiter.sinceMs) / 1000)
          settled(resolve)
        },
        refuse: (error) => settled(() => reject(error)),
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#last().#enter([waiter])
    })
  }

  pause(pauseMs: number): void {
    this.#metrics.budgetPauses.add()
    const last = this.#last()
    last.#onUse()
    last.#state = pauseBudget(last.#refilled(), this.#clock.monotonic(), pauseMs)
    last.#serveWaiters()
  }

  available(): number {
    const last = this.#last()
    if (last.#waiters.length > 0 || last.#state.pausedUntilMs > this.#clock.monotonic()) return 0
    return Math.max(Math.floor(last.#refilled().tokens), 0)
  }

  joinTo(other: SharedCallBudget): void {
    if (!(other instanceof TokenBudget))
      throw new TypeError('a call budget can join only one that createCallBudget made')
    const [joining, last] = [this.#last(), other.#last()]
    if (joining === last) return
    joining.#cancelTimer?.()
    joining.#cancelTimer = undefined
    joining.#joined = last
    last.#state = uniteBudgets(last.#refilled(), joining.#refilled(), last.#settings)
    const waiters = joining.#waiters
    joining.#leave(new Set(waiters))
    last.#enter(waiters)
  }

  #last(): TokenBudget {
    if (this.#joined === undefined) return this
    // The next one has a shorter way.
    this.#joined = this.#joined.#last()
    return this.#joined
  }

  #refilled(): BudgetState {
    return refill(this.#state, this.#settings, this.#clock.monotonic())
  }

  #waitOf(ahead: number): number {
    return waitFor(this.#state, this.#settings, this.#clock.monotonic(), ahead)
  }

  #enter(waiters: readonly Waiter[]): void {
    this.#onUse()
    // Those who come from another budget may have waited longer.
    this.#waiters = [...this.#waiters, ...waiters].toSorted((a, b) => a.sinceMs - b.sinceMs)
    // A new party stands behind those that wait, so that leaving and returning gains no turns.
    for (const { party } of waiters) if (!this.#lastTurns.has(party)) this.#lastTurns.set(party, this.#turns)
    this.#serveWaiters()
  }

  #leave(gone: ReadonlySet<Waiter>): void {
    this.#waiters = this.#waiters.filter((waiter) => !gone.has(waiter))
    const waiting = new Set(this.#waiters.map(({ party }) => party))
    for (const party of this.#lastTurns.keys()) if (!waiting.has(party)) this.#lastTurns.delete(party)
  }

  #serveWaiters(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    this.#state = this.#refilled()
    for (let [next] = inTurn(this.#waiters, this.#lastTurns); next !== undefined && this.#waitOf(0) === 0;) {
      this.#lastTurns.set(next.party, (this.#turns += 1))
      this.#leave(new Set([next]))
      this.#state = { ...this.#state, tokens: this.#state.tokens - 1 }
      next.go()
      ;[next] = inTurn(this.#waiters, this.#lastTurns)
    }
    const hopeless = inTurn(this.#waiters, this.#lastTurns).filter(
      (_, ahead) => this.#waitOf(ahead) > this.#settings.maxWaitMs,
    )
    this.#leave(new Set(hopeless))
    for (const waiter of hopeless) waiter.refuse(tooLong(this.#waitOf(0)))
    if (this.#waiters.length > 0) this.#cancelTimer = this.#clock.after(this.#waitOf(0), () => this.#serveWaiters())
  }
}

function tooLong(waitMs: number): GeminiError {
  return new GeminiError({
    code: 'ERR_GEMINI_RATE_LIMITED',
    message: `the call budget of this API key is used up or paused for another ${waitMs} ms: try again then`,
    retryAfterMs: waitMs,
    mayHaveCommitted: false,
  })
}
