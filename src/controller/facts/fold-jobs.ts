import { backfillPolicyOf } from '../../api/backfill.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { EndpointView } from './observed.ts'

/** Clocks that differ, a list that lags, and a run that comes late. */
const marginMs = 3_600_000

/**
 * For how many seconds receivers remember which job an event told the end of, so that neither Google's delivery nor
 * ours is handed on twice. Longer than a job is looked for, because it is looked for from its end and remembered from
 * its delivery. Undefined: they fold nothing; the spec has no backfill, or the endpoint is not ours. Pure.
 */
export function foldJobsForSeconds(
  { spec }: Pick<GeminiWebhook, 'spec'>,
  endpoint: Pick<EndpointView, 'state'>,
): number | undefined {
  if (spec.backfill === undefined || spec.events === undefined || endpoint.state === 'external') return undefined
  const { intervalMs, lookbackMs, graceMs } = backfillPolicyOf(spec.backfill)
  return Math.ceil((lookbackMs + graceMs + intervalMs + marginMs) / 1000)
}
