import { growingMs } from '../backoff.ts'
import { unsendable, type SendOutcome } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'

/**
 * Whether a sink may be tried at all. Two things open it: a refusal of our credentials (401, 403), for which no
 * delivery is to blame, and failures of so many different deliveries in a row, or of some for so long, that none of
 * them can be to blame alone. While it is open nothing is sent, so nothing spends an attempt.
 */
export interface Circuit {
  readonly openFor: 'nothing' | 'credentials' | 'failures'
  /**
   * How often it opened without a delivery being taken in between, each after the pause of the one before; 0 while
   * closed.
   */
  readonly openings: number
  /** Nothing is sent before; after it one delivery at a time, until one is taken. 0 while closed. */
  readonly openUntilMs: number
  /** Events that failed since the sink took or refused one, each once, the last one at the end; the last 64. */
  readonly failed: readonly string[]
  /** When the first of them failed, milliseconds since the epoch; 0 where none has. */
  readonly failingSinceMs: number
  /** When an attempt failed last, milliseconds since the epoch; 0 where none has. */
  readonly lastFailureMs: number
  /**
   * When the sink last took an event, or refused one for itself, milliseconds since the epoch; 0 where it never has.
   */
  readonly lastAnswerMs: number
}

/** The attempt that an outcome belongs to. */
export interface EndedAttempt {
  readonly eventId: string
  /** When it ended, milliseconds since the epoch. */
  readonly nowMs: number
}

export const closedCircuit: Circuit = {
  openFor: 'nothing',
  openings: 0,
  openUntilMs: 0,
  failed: [],
  failingSinceMs: 0,
  lastFailureMs: 0,
  lastAnswerMs: 0,
}

/** Fewer could be a few events that the sink cannot digest, while it takes all others. */
const failuresToOpen = 5
/**
 * Of a sink that took something so short a time ago, a few failures in a row are chance: many a service under load
 * fails half of the time. Five in a row happen to it with every 32nd event, twenty with every millionth.
 */
const failuresToOpenWhileTaking = 20
const takingForMs = 10_000
/** Where there is little traffic two are enough, once nothing was taken for so long. */
const fewFailures = 2
const fewFailuresForMs = 60_000
/** So many events take turns as the probe, before one is tried again. */
const rememberedFailures = 64
const pauses = {
  /**
   * Fifteen seconds outlast most rotations of a credential, and five minutes are as long as a person who repaired one
   * may have to wait.
   */
  credentials: { baseMs: 15_000, maxMs: 300_000 },
  /**
   * Two seconds are little for a sink that restarts, and one request a minute is no load for one that is down for long.
   */
  failures: { baseMs: 2_000, maxMs: 60_000 },
} as const

export function isOpen(circuit: Circuit, nowMs: number): boolean {
  return nowMs < circuit.openUntilMs
}

/** Closed, and nothing failed since the last answer: it equals a new one. */
export function isAtRest({ openings, failed }: Circuit): boolean {
  return openings === 0 && failed.length === 0
}

/** No longer open but on probation: the next delivery shows whether the sink is well again. */
export function isProbing(circuit: Circuit, nowMs: number): boolean {
  return circuit.openings > 0 && nowMs >= circuit.openUntilMs
}

/**
 * The circuit after an attempt. Attempts that were under way together fail together: only the first of them counts for
 * the pause. A probe that fails in whatever way opens it again for longer; an answer that refuses the event alone shows
 * that the sink is there. One whose answer is a burden is a failure, even where it takes the event: more such answers
 * would cost the time of all.
 */
export function circuitAfter(circuit: Circuit, outcome: SendOutcome, attempt: EndedAttempt): Circuit {
  if (outcome.burden !== undefined && outcome.type !== 'unauthorized') return afterFailure(circuit, attempt)
  switch (outcome.type) {
    case 'unauthorized':
      return afterRefusal(circuit, attempt)
    case 'retryable':
      return afterFailure(circuit, attempt)
    case 'permanent':
      // Nothing was sent: that says nothing about the sink.
      return outcome.cause === unsendable ? circuit : afterAnswer(circuit, attempt)
    case 'delivered':
      return afterAnswer(circuit, attempt)
    default:
      return unreachable(outcome)
  }
}

/** The sink was repaired, or is to be tried: the next delivery is a probe, now. */
export function probeNow(circuit: Circuit, nowMs: number): Circuit {
  return isOpen(circuit, nowMs) ? { ...circuit, openUntilMs: nowMs } : circuit
}

function afterRefusal(circuit: Circuit, { nowMs }: EndedAttempt): Circuit {
  const failing = { ...circuit, lastFailureMs: nowMs }
  return isOpen(circuit, nowMs) && circuit.openFor === 'credentials' ? failing : opened(failing, 'credentials', nowMs)
}

function afterFailure(circuit: Circuit, { eventId, nowMs }: EndedAttempt): Circuit {
  const failed = [...circuit.failed.filter((other) => other !== eventId), eventId].slice(-rememberedFailures)
  const failingSinceMs = circuit.failed.length === 0 ? nowMs : circuit.failingSinceMs
  const failing = { ...circuit, failed, failingSinceMs, lastFailureMs: nowMs }
  if (isOpen(circuit, nowMs)) return failing
  const isDown = failed.length >= fewFailures && nowMs - failingSinceMs >= fewFailuresForMs
  const enough = nowMs - circuit.lastAnswerMs < takingForMs ? failuresToOpenWhileTaking : failuresToOpen
  const mustOpen = circuit.openings > 0 || failed.length >= enough || isDown
  return mustOpen ? opened(failing, 'failures', nowMs) : failing
}

/** One that was sent before our credentials were refused, and is taken late, says nothing about those. */
function afterAnswer(circuit: Circuit, { nowMs }: EndedAttempt): Circuit {
  if (isOpen(circuit, nowMs) && circuit.openFor === 'credentials') return circuit
  return { ...closedCircuit, lastAnswerMs: nowMs }
}

function opened(circuit: Circuit, openFor: 'credentials' | 'failures', nowMs: number): Circuit {
  const openings = circuit.openings + 1
  return { ...circuit, openFor, openings, openUntilMs: nowMs + growingMs(openings - 1, pauses[openFor]) }
}
