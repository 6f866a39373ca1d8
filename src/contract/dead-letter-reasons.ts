/**
 * Why a delivery was given up, in the words of the admin API, of metrics and of what is stored. Added to at the end
 * only: stores count their place.
 */
export const deadLetterReasons = [
  'RetriesExhausted',
  'Rejected',
  'SinkRemoved',
  'FilterError',
  'OwnerGone',
  'CrashedRepeatedly',
  'Unsendable',
  'RouteRefused',
  'RouteFull',
  'TransformError',
] as const
export type DeadLetterReason = (typeof deadLetterReasons)[number]

/** With the other reasons nothing was sent. */
const endsAfterAttempt = new Set<DeadLetterReason>(['RetriesExhausted', 'Rejected', 'Unsendable'])

/** How often a delivery was tried in all; `recorded`: attempts before the step that gave it up. */
export function attemptsAtEnd(recorded: number, reason: DeadLetterReason): number {
  return recorded + (endsAfterAttempt.has(reason) ? 1 : 0)
}
