import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Condition, GeminiWebhookStatus } from '../../api/status.ts'
import { awayToldMs, googleRetriesMs } from '../../contract/receiver-report/report.ts'
import type { ObservedWebhook } from '../facts/observed.ts'
import { disabledByGoogle } from '../facts/differences.ts'
import { timeOf } from '../facts/time-of.ts'
import { desiredStateOf } from '../../api/defaults.ts'

export type GapCause = NonNullable<GeminiWebhookStatus['gap']>['cause']

/** A time in which events may have been lost; without `untilMs` it lasts. Milliseconds since the epoch. */
export interface Outage {
  readonly cause: GapCause
  readonly sinceMs: number
  readonly untilMs?: number
}

export interface SeenOutages {
  readonly outages: readonly Outage[]
  /** Causes of which it is known that they do not last now. */
  readonly over: ReadonlySet<GapCause>
}

/**
 * What is seen now of outages in which events of this webhook may have been lost. What cannot be seen, such as the
 * webhook while Google does not answer, is neither there nor over. Pure.
 */
export function seeOutages(
  webhook: GeminiWebhook,
  observed: Pick<ObservedWebhook, 'remote' | 'report' | 'receivers' | 'endpoint'>,
  status: GeminiWebhookStatus,
  nowMs: number,
): SeenOutages {
  const over = new Set<GapCause>()
  if (status.webhook?.id === undefined) return { outages: [], over }
  const outages: Outage[] = []
  const { remote, endpoint } = observed
  const beganMs = registeredMs(webhook, status)
  if (remote.state === 'found') {
    const { state } = remote.value.webhook
    if (state === disabledByGoogle && desiredStateOf(webhook.spec) === 'Enabled')
      outages.push({ cause: 'DisabledByGoogle', sinceMs: Math.max(lostSince(observed, status, nowMs), beganMs) })
    if (state === 'enabled') over.add('DisabledByGoogle')
  }
  // What arrives at a server of somebody else is not known, and a webhook that the spec disables gets nothing.
  if (endpoint.state === 'ours' && desiredStateOf(webhook.spec) === 'Enabled') {
    const away = receiversAway(observed, beganMs, nowMs)
    outages.push(...away.outages)
    // What Google had disabled when it was last asked gets nothing, whoever runs.
    const isDisabled = remote.state !== 'found' && status.webhook.disabledSince !== undefined
    if (away.isOver && !isDisabled) over.add('ReceiversAway')
  }
  return { outages, over }
}

/**
 * From when on a webhook that Google has disabled may have lost events. What waited for another try is lost with it,
 * and may be a day old. If nothing was verified for longer than that, what failed for a day was given up besides.
 */
function lostSince(
  { report }: Pick<ObservedWebhook, 'report'>,
  { webhook, delivery }: GeminiWebhookStatus,
  nowMs: number,
): number {
  const disabledMs = timeOf(webhook?.disabledSince) ?? nowMs
  const verifiedMs = Math.max(timeOf(delivery?.lastVerifiedTime) ?? 0, timeOf(report?.lastVerifiedTime) ?? 0)
  return Math.max(Math.min(verifiedMs, disabledMs - googleRetriesMs), disabledMs - awayToldMs)
}

/** Receivers that were silent, or refused what was genuine, for longer than Google retries. */
function receiversAway(
  { report, receivers }: Pick<ObservedWebhook, 'report' | 'receivers'>,
  beganMs: number,
  nowMs: number,
) {
  const { heardMs, away } = receivers ?? {}
  const cause = 'ReceiversAway' as const
  // What happened before the webhook was there was not sent to it.
  const ofThis = (sinceMs: number) => Math.max(sinceMs, beganMs)
  const lasting = [heardMs, timeOf(report?.refusingSince)].flatMap((sinceMs): Outage[] =>
    sinceMs !== undefined && isLong(ofThis(sinceMs), nowMs) ? [{ cause, sinceMs: ofThis(sinceMs) }] : [],
  )
  const isPast = away !== undefined && isLong(ofThis(away.sinceMs), away.untilMs) && nowMs - away.untilMs < awayToldMs
  const past: Outage[] = isPast ? [{ cause, sinceMs: ofThis(away.sinceMs), untilMs: away.untilMs }] : []
  return { outages: [...lasting, ...past], isOver: heardMs !== undefined && lasting.length === 0 }
}

function isLong(sinceMs: number, untilMs: number): boolean {
  return untilMs - sinceMs > googleRetriesMs
}

/** When this webhook was registered, as far as it is known: nothing of it was lost before. */
function registeredMs({ metadata }: GeminiWebhook, { conditions, delivery }: GeminiWebhookStatus): number {
  const createdMs = Date.parse(metadata.creationTimestamp)
  const registered = conditions?.find(({ type }: Condition) => type === 'Registered')
  const sinceMs = registered?.status === 'True' ? timeOf(registered.lastTransitionTime) : undefined
  const verifiedMs = timeOf(delivery?.lastVerifiedTime)
  // What was verified before shows that the condition was True earlier, too.
  const isFirst = sinceMs !== undefined && (verifiedMs === undefined || verifiedMs >= sinceMs - minuteMs)
  return isFirst ? Math.max(createdMs, sinceMs) : createdMs
}

/** Times of deliveries are told to the minute. */
const minuteMs = 60_000
