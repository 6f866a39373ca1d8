import type { SendOutcome } from '../sinks/port.ts'

/**
 * Whether a sink may be tried at all. Only a refusal of our credentials (401, 403) opens it: no delivery is to blame for that, so none may spend its
 * attempts on it. Whatever else goes wrong is counted by each delivery for itself.
 */
export interface Circuit {
  /** Refusals in a row, each after the pause of the one before; 0 while closed. */
  readonly refusals: number
  /** Nothing is sent before; after it one delivery at a time, until one is taken. */
  readonly openUntilMs: number
}

export const closedCircuit: Circuit = { refusals: 0, openUntilMs: 0 }

/** Fifteen seconds outlast most rotations of a credential, and five minutes are as long as a person who repaired one may have to wait. */
const firstPauseMs = 15_000
const longestPauseMs = 300_000

export function isOpen(circuit: Circuit, nowMs: number): boolean {
  return circuit.refusals > 0 && nowMs < circuit.openUntilMs
}

/** Closed but on probation: the next delivery shows whether the credentials are wanted again. */
export function isProbing(circuit: Circuit, nowMs: number): boolean {
  return circuit.refusals > 0 && nowMs >= circuit.openUntilMs
}

/**
 * The circuit after an attempt that ended at `nowMs`. Attempts that were under way together are refused together: only the first of them counts. A
 * sink that did not answer, or answered with a fault of its own, has said nothing about the credentials.
 */
export function circuitAfter(circuit: Circuit, outcome: SendOutcome, nowMs: number): Circuit {
  if (outcome.type === 'unauthorized') {
    if (isOpen(circuit, nowMs)) return circuit
    const refusals = circuit.refusals + 1
    const pauseMs = Math.min(firstPauseMs * 2 ** (refusals - 1), longestPauseMs)
    return { refusals, openUntilMs: nowMs + pauseMs }
  }
  if (outcome.type === 'retryable' || isOpen(circuit, nowMs)) return circuit
  return closedCircuit
}
