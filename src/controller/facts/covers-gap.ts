import type { GeminiWebhookStatus } from '../../api/status.ts'
import type { BackfillView } from './backfill-view.ts'

type Gap = Pick<NonNullable<GeminiWebhookStatus['gap']>, 'since' | 'until'>

/**
 * Whether everything that ended in the gap was old enough to be looked at, and none of it was too old. A gap that lasts
 * is not covered. Pure.
 */
export function coversGap({ fromMs, toMs }: NonNullable<BackfillView['covered']>, { since, until = '' }: Gap): boolean {
  return toMs >= Date.parse(until) && fromMs <= Date.parse(since)
}
