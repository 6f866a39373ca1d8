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

/** With the other reasons nothing was sent; with these neither where the step says so. */
const endsAfterAttempt = new Set<DeadLetterReason>(['RetriesExhausted', 'Rejected', 'Unsendable'])

/**
 * How often a delivery was tried in all. `recorded`: attempts before the step that gave it up; `unsent`: that step made
 * none, whatever its reason.
 */
export function attemptsAtEnd(
  recorded: number,
  { reason, unsent = false }: { readonly reason: DeadLetterReason; readonly unsent?: boolean },
): number {
  return recorded + (endsAfterAttempt.has(reason) && !unsent ? 1 : 0)
}
