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
