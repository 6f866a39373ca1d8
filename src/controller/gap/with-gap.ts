import type { Condition, GeminiWebhookStatus } from '../../api/status.ts'
import { formatTime } from '../../format-time.ts'
import { removeCondition, setCondition } from '../../kubernetes/conditions.ts'
import type { ActionState } from '../apply/action-state.ts'
import { disabledByGoogle } from '../facts/differences.ts'
import { isDeleting } from '../facts/life-stage.ts'
import { withoutKey } from '../facts/without-key.ts'
import { foldGap } from './fold-gap.ts'
import { findableOf } from './findable.ts'
import { judgeGap } from './judge-gap.ts'
import { seeOutages } from './outages.ts'

/**
 * A status with what is known of deliveries that were missed: since when Google has the webhook disabled, the gap, and
 * the condition about it. It is for people and for backfill: nothing at Google depends on it. Pure.
 */
export function withGap(
  status: GeminiWebhookStatus,
  { webhook, observed }: Pick<ActionState, 'webhook' | 'observed'>,
  nowMs: number,
): GeminiWebhookStatus {
  if (isDeleting(webhook)) return status
  const seen = withDisabledSince(status, observed.remote, nowMs)
  const events = findableOf(webhook, observed.eventAliases)
  // Where no subscribed event can be looked up, a run that looked at all batches has covered nothing.
  const covered = events.findable.length === 0 ? undefined : observed.backfill?.covered
  const gap = foldGap(status.gap, seeOutages(webhook, observed, seen, nowMs), covered, nowMs)
  const judgement = judgeGap({ ...webhook, status: seen }, gap, {
    events,
    nowMs,
    foldProblem: observed.receivers?.foldProblem,
  })
  const conditions = seen.conditions ?? []
  const observedGeneration = seen.observedGeneration ?? webhook.metadata.generation
  const type = 'DeliveriesComplete'
  const told =
    judgement === undefined
      ? removeCondition(conditions, type)
      : setCondition<Condition>(conditions, { type, ...judgement, observedGeneration }, nowMs)
  return { ...withoutKey(seen, 'gap'), ...(gap !== undefined && { gap }), conditions: [...told] }
}

function withDisabledSince(
  status: GeminiWebhookStatus,
  remote: ActionState['observed']['remote'],
  nowMs: number,
): GeminiWebhookStatus {
  const { webhook } = status
  if (webhook === undefined || remote.state !== 'found') return status
  if (remote.value.webhook.state !== disabledByGoogle)
    return { ...status, webhook: withoutKey(webhook, 'disabledSince') }
  return { ...status, webhook: { ...webhook, disabledSince: webhook.disabledSince ?? formatTime(nowMs) } }
}
