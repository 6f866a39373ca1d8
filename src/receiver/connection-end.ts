import type { Standing } from '../connections/give-way.ts'
import { answerOf, type AnsweredOutcome } from './status-codes.ts'

export const connectionEnds = ['Draining', 'Refused', 'Probed'] as const
/** Why an answer is the last on its connection. */
export type ConnectionEnd = (typeof connectionEnds)[number]

export interface LastWords {
  readonly outcome: AnsweredOutcome
  readonly isProbe: boolean
  /** Parts of the request have not been read: what follows would be parsed as a request. */
  readonly isUnread: boolean
  readonly isDraining: boolean
}

/**
 * Whether the connection ends with this answer. One that has carried an authentic delivery, or comes from a proxy of
 * the installation, stays open: it may carry requests of other clients. That of a stranger ends with its probe or its
 * refusal; after a 503 it stays open, because it may be a sender that repeats.
 */
export function connectionEndOf(answer: LastWords, standing: Standing): ConnectionEnd | undefined {
  if (answer.isDraining) return 'Draining'
  if (answer.isUnread) return 'Refused'
  if (standing !== 'stranger') return undefined
  if (answer.isProbe) return 'Probed'
  const { status } = answerOf(answer.outcome)
  return status >= 400 && status < 500 ? 'Refused' : undefined
}
