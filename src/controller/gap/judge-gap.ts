import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { formatTime } from '../../format-time.ts'
import { foldProblemInWords, type FoldProblem } from '../facts/receiver-presence.ts'
import type { Judgement } from '../facts/judgement.ts'
import type { Gap } from './fold-gap.ts'
import { timeOf } from './outages.ts'

/** The condition DeliveriesComplete; absent without a gap. `foldProblem`: what keeps backfill from sending. Pure. */
export function judgeGap(
  webhook: GeminiWebhook,
  gap: Gap | undefined,
  foldProblem?: FoldProblem,
): Judgement | undefined {
  if (gap === undefined) return undefined
  const { since, until, cause, coveredTime } = gap
  const name = `${webhook.metadata.namespace}/${webhook.metadata.name}`
  const when = until === undefined ? `since ${since}` : `from ${since} to ${until}`
  const unfindable = notFindable(webhook)
  if (coveredTime !== undefined) {
    const message = `deliveries ${when} may have been missed; the events of batches that ended then are here${unfindable}`
    return { status: 'True', reason: 'Backfilled', message }
  }
  const message = `deliveries ${when} may have been missed${whyOf(cause, until)}: ${remedyOf(webhook, gap, { name, foldProblem })}${unfindable}`
  return { status: 'False', reason: cause, message }
}

function whyOf(cause: Gap['cause'], until: string | undefined): string {
  const verb = until === undefined ? 'has' : 'had'
  return cause === 'DisabledByGoogle'
    ? `, for Google ${verb} disabled the webhook after failed deliveries`
    : `, for no receiver ${verb} taken any for longer than the 24 hours for which Google retries`
}

function remedyOf(
  { spec, status }: GeminiWebhook,
  { since, until }: Gap,
  { name, foldProblem }: { name: string; foldProblem: FoldProblem | undefined },
): string {
  if (spec.endpoint?.url !== undefined) return 'ask your own server which events it has'
  if (spec.backfill === undefined)
    return `switch on spec.backfill, then "gwh backfill ${name} --since=${since}" sends the events of batches that ended since then`
  if (foldProblem !== undefined) return `backfill cannot cover it: ${foldProblemInWords(foldProblem)}`
  if (until === undefined) return 'backfill covers it once deliveries arrive again'
  const fromMs = timeOf(status?.backfill?.since)
  if (fromMs !== undefined && fromMs > (timeOf(since) ?? fromMs))
    return `backfill sends what ended after ${formatTime(fromMs)} by itself, and for all of it "gwh backfill ${name} --since=${since}" asks`
  return 'the next runs of backfill cover it, as far as spec.backfill.lookback reaches'
}

/** What of the subscribed events no list at Google shows. */
function notFindable({ spec }: GeminiWebhook): string {
  const others = (spec.events ?? []).filter((type) => !type.startsWith('batch.'))
  return others.length === 0 ? '' : `; those of ${others.join(', ')} cannot be looked up at Google`
}
