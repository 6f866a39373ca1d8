import { backfillDefaults } from '../../api/backfill.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { BackfillView } from '../../contract/page/webhook-detail.ts'
import { defined } from '../defined.ts'

/** What the page shows of backfill and of deliveries that may have been missed. Pure. */
export function backfillOf({ spec, status }: GeminiWebhook): BackfillView {
  const { since, lastTime, lastFound, total, failing } = status?.backfill ?? {}
  const { gap } = status ?? {}
  const condition = status?.conditions?.find(({ type }) => type === 'DeliveriesComplete')
  const { until, coveredTime } = gap ?? {}
  return {
    ...(spec.backfill !== undefined && {
      lookback: spec.backfill.lookback ?? backfillDefaults.lookback,
      ...defined({ since, lastTime, lastFound, total, failing }),
    }),
    ...(gap !== undefined && {
      gap: { since: gap.since, ...defined({ until, coveredTime }), says: condition?.message ?? '' },
    }),
  }
}
