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

interface Waiter extends CallAccount {
  sinceMs: number
  go: () => void
  refuse: (error: GeminiError) => void
}

export function createCallBudget(options: {
  settings?: Partial<CallBudgetSettings>
  clock: Clock
  metrics: GeminiMetrics
}): CallBudget {
  const { clock, metrics } = options
  const settings = { ...defaultCallBudget, ...options.settings }
  let state: BudgetState = { tokens: settings.burst, atMs: clock.monotonic(), pausedUntilMs: 0 }
  let waiters: Waiter[] = []
  /** Of the parties that wait, when each had its last turn, or came. */
  const lastTurns = new Map<string, number>()
  let turns = 0
  let cancelTimer: (() => void) | undefined

  const waitOf = (ahead: number) => waitFor(state, settings, clock.monotonic(), ahead)

  function leave(gone: ReadonlySet<Waiter>): void {
    waiters = waiters.filter((waiter) => !gone.has(waiter))
    const waiting = new Set(waiters.map(({ party }) => party))
    for (const party of lastTurns.keys()) if (!waiting.has(party)) lastTurns.delete(party)
  }

  function serveWaiters(): void {
    cancelTimer?.()
    cancelTimer = undefined
    state = refill(state, settings, clock.monotonic())
    for (let [next] = inTurn(waiters, lastTurns); next !== undefined && waitOf(0) === 0;) {
      lastTurns.set(next.party, (turns += 1))
      leave(new Set([next]))
      state = { ...state, tokens: state.tokens - 1 }
      next.go()
      ;[next] = inTurn(waiters, lastTurns)
    }
    const hopeless = inTurn(waiters, lastTurns).filter((_, ahead) => waitOf(ahead) > settings.maxWaitMs)
    leave(new Set(hopeless))
    for (const waiter of hopeless) waiter.refuse(tooLong(waitOf(0)))
    if (waiters.length > 0) cancelTimer = clock.after(waitOf(0), serveWaiters)
  }

  return {
    take(signal, { party, isUrgent } = everybody) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted === true) return reject(signal.reason as Error)
        const giveUp = () => {
          leave(new Set([waiter]))
          reject(signal?.reason as Error)
        }
        const settled = (then: () => void) => {
          signal?.removeEventListener('abort', giveUp)
          then()
        }
        const waiter: Waiter = {
          party,
          isUrgent,
          sinceMs: clock.monotonic(),
          go: () => {
            metrics.budgetWaitSeconds.observe((clock.monotonic() - waiter.sinceMs) / 1000)
            settled(resolve)
          },
          refuse: (error) => settled(() => reject(error)),
        }
        signal?.addEventListener('abort', giveUp, { once: true })
        waiters.push(waiter)
        // A new party stands behind those that wait, so that leaving and returning gains no turns.
        if (!lastTurns.has(party)) lastTurns.set(party, turns)
        serveWaiters()
      })
    },
    pause(pauseMs) {
      metrics.budgetPauses.add()
      state = pauseBudget(refill(state, settings, clock.monotonic()), clock.monotonic(), pauseMs)
      serveWaiters()
    },
    available() {
      if (waiters.length > 0 || state.pausedUntilMs > clock.monotonic()) return 0
      return Math.max(Math.floor(refill(state, settings, clock.monotonic()).tokens), 0)
    },
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
