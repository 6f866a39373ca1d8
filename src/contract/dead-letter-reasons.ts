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

/** A reason as it is told to whoever may be of an earlier version. */
export interface ToldReason {
  /** One that was there from the beginning. */
  readonly reason: DeadLetterReason
  /** The reason itself, where `reason` is the nearest that earlier versions know. */
  readonly newerReason?: DeadLetterReason | undefined
}

/**
 * A reason that a version does not know would make the whole record unreadable to it: of a stream it would claim the
 * delivery for ever, never succeed, and neither list nor drop the dead letter; and it would take nothing over.
 */
export function toToldReason(reason: DeadLetterReason): ToldReason {
  return reason === 'TransformError' ? { reason: 'FilterError', newerReason: reason } : { reason }
}

export function fromToldReason({ reason, newerReason }: ToldReason): DeadLetterReason {
  return newerReason ?? reason
}

/** With the other reasons nothing was sent. */
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
