import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { backfillPolicyOf } from '../../api/backfill.ts'
import { awayToldMs } from '../../contract/receiver-report/report.ts'
import { formatTime } from '../../format-time.ts'
import { foldProblemInWords, type FoldProblem } from '../facts/receiver-presence.ts'
import type { Judgement } from '../facts/judgement.ts'
import { timeOf } from '../facts/time-of.ts'
import type { FindableEvents } from './findable.ts'
import type { Gap } from './fold-gap.ts'

interface Known {
  readonly events: FindableEvents
  readonly nowMs: number
  /** What keeps backfill from sending. */
  readonly foldProblem?: FoldProblem | undefined
}

/** The condition DeliveriesComplete; absent without a gap. Pure. */
export function judgeGap(webhook: GeminiWebhook, gap: Gap | undefined, known: Known): Judgement | undefined {
  if (gap === undefined) return undefined
  const { since, until, cause, coveredTime } = gap
  const when = until === undefined ? `since ${since}` : `from ${since} to ${until}`
  const { others } = known.events
  const unfindable = others.length === 0 ? '' : `; those of ${others.join(', ')} cannot be looked up at Google`
  if (coveredTime !== undefined) {
    const message = `deliveries ${when} may have been missed; the events of batches that ended then are here${unfindable}`
    return { status: 'True', reason: 'Backfilled', message }
  }
  const message = `deliveries ${when} may have been missed${whyOf(cause, until)}: ${remedyOf(webhook, gap, known)}${unfindable}`
  return { status: 'False', reason: cause, message }
}

function whyOf(cause: Gap['cause'], until: string | undefined): string {
  const verb = until === undefined ? 'has' : 'had'
  return cause === 'DisabledByGoogle'
    ? `, for Google ${verb} disabled the webhook after failed deliveries`
    : `, for no receiver ${verb} taken any for longer than the 24 hours for which Google retries`
}

function remedyOf(
  { metadata, spec, status }: GeminiWebhook,
  { since, until }: Gap,
  { events, nowMs, foldProblem }: Known,
): string {
  if (spec.endpoint?.url !== undefined) return 'ask your own server which events it has'
  if (events.findable.length === 0)
    return 'only the end of a batch can be looked up at Google, so look for what you started in that time'
  const sinceMs = timeOf(since) ?? nowMs
  const isFindable = nowMs - sinceMs <= awayToldMs
  const { lookbackMs } = backfillPolicyOf(spec.backfill ?? {})
  const isShort = nowMs - sinceMs > lookbackMs && lookbackMs < awayToldMs
  const command = `"gwh backfill ${metadata.namespace}/${metadata.name}${isFindable ? ` --since=${since}` : ''}"`
  const reach = isFindable ? 'since then' : 'in the last 14 days, and what is older cannot be found'
  if (spec.backfill === undefined)
    return `switch on spec.backfill${isShort ? ' with lookback 336h' : ''}, then ${command} sends the events of batches that ended ${reach}`
  if (foldProblem !== undefined) return `backfill cannot cover it: ${foldProblemInWords(foldProblem)}`
  // A longer lookback begins anew: what ended before it is sent only where it is asked for.
  if (isShort)
    return `spec.backfill.lookback does not reach that far: set it to 336h, then ${command} sends the events of batches that ended ${reach}`
  if (until === undefined) return 'backfill covers it once deliveries arrive again'
  const fromMs = timeOf(status?.backfill?.since)
  if (fromMs !== undefined && fromMs > sinceMs)
    return `backfill sends what ended after ${formatTime(fromMs)} by itself, and for all of it ${command} asks`
  return 'the next runs of backfill cover it, as far as spec.backfill.lookback reaches'
}
