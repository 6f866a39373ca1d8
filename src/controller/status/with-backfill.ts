import type { BackfillStatus } from '../../api/backfill.ts'
import type { GeminiWebhookStatus } from '../../api/status.ts'
import { formatTime } from '../../format-time.ts'
import type { ActionState } from '../apply/action-state.ts'
import type { BackfillRun, BackfillView } from '../facts/backfill-view.ts'
import { begunAnew } from '../facts/begun-anew.ts'
import type { ControllerEvent } from '../facts/controller-event.ts'
import { foldProblemInWords, tellsFoldProblem } from '../facts/receiver-presence.ts'
import { withoutKey } from '../facts/without-key.ts'

/** As many as the schema allows; 16 handled ids cover any rollback. */
const maxHandledRequests = 16
const maxMessageLength = 512

interface Now {
  nowMs: number
  /** How long receivers have to notice what the keyring says. */
  receiverSeenWaitMs: number
}

/**
 * A status with what the backfill did, which does not depend on what Google says of the webhook. Without the
 * spec only the requests stay that were answered. Pure.
 */
export function withBackfill(
  status: GeminiWebhookStatus,
  { observed, draft }: Pick<ActionState, 'observed' | 'draft'>,
  now: Now,
): GeminiWebhookStatus {
  const { foldJobsForSeconds, keyring, backfill: view, receivers } = observed
  if (foldJobsForSeconds === undefined) return withoutBackfill(status, draft.backfill)
  const before = withoutFoldProblem(draft.backfill ?? {})
  const told = (view?.runs ?? []).reduce(withRun, withFailing(before, view))
  if (receivers?.foldProblem !== undefined) {
    const message = foldProblemInWords(receivers.foldProblem)
    const since = draft.backfill?.failing?.message === message ? draft.backfill.failing.since : formatTime(now.nowMs)
    // What arrives now is in none of the inboxes for certain: it begins anew.
    return { ...status, backfill: { ...begunAnew(told), failing: { since, message } } }
  }
  const isTold = keyring?.foldJobsForSeconds === foldJobsForSeconds
  const since = draft.backfill?.since ?? (isTold ? formatTime(beginningOf(now)) : undefined)
  return { ...status, backfill: { ...told, ...(since !== undefined && { since }) } }
}

/** A request that was answered is not answered again where backfill is switched on another time. */
function withoutBackfill(status: GeminiWebhookStatus, { handledRequestIDs }: BackfillStatus = {}): GeminiWebhookStatus {
  if (handledRequestIDs !== undefined) return { ...status, backfill: { handledRequestIDs } }
  return status.backfill === undefined ? status : withoutKey(status, 'backfill')
}

/** Where it lasts it is told anew. */
function withoutFoldProblem(status: BackfillStatus): BackfillStatus {
  const { failing } = status
  return failing !== undefined && tellsFoldProblem(failing.message) ? withoutKey(status, 'failing') : status
}

/** To the second, and not before all receivers fold. */
function beginningOf({ nowMs, receiverSeenWaitMs }: Now): number {
  return Math.ceil((nowMs + receiverSeenWaitMs) / 1000) * 1000
}

/** Events for runs that status tells of now. */
export function backfillEvents(runs: readonly BackfillRun[], since: string | undefined): ControllerEvent[] {
  return runs.flatMap((run) => [...foundEvent(run), ...olderEvent(run, since)])
}

function foundEvent({ found, requestID }: BackfillRun): ControllerEvent[] {
  if (found === 0 && requestID === undefined) return []
  const because = requestID === undefined ? '' : `, as request ${requestID} asks`
  const what =
    found === 0
      ? 'nothing was missing among the batches that ended longer ago than spec.backfill.grace'
      : `${countOf(found)} of batches ${found === 1 ? 'was' : 'were'} not delivered by Google, and sent to the receivers`
  return [{ type: 'Normal', reason: 'Backfilled', action: 'Backfill', note: `${what}${because}` }]
}

function olderEvent({ older = 0 }: BackfillRun, since: string | undefined): ControllerEvent[] {
  if (older === 0) return []
  const note = `${countOf(older)} of batches that ended before ${since ?? 'backfill was switched on'} would be sent: receivers cannot tell which of them Google delivered, so ask for them with spec.backfill.request if they are missing`
  return [{ type: 'Normal', reason: 'BackfillStarted', action: 'Backfill', note }]
}

function countOf(events: number): string {
  return `${events} ${events === 1 ? 'event' : 'events'}`
}

function withRun(status: BackfillStatus, { endedMs, found, requestID }: BackfillRun): BackfillStatus {
  const handled = [...(status.handledRequestIDs ?? []), ...(requestID === undefined ? [] : [requestID])]
  return {
    ...status,
    lastTime: formatTime(endedMs),
    lastFound: found,
    total: (status.total ?? 0) + found,
    ...(handled.length > 0 && { handledRequestIDs: handled.slice(-maxHandledRequests) }),
  }
}

/** What an earlier process told stays until this one has made a run. */
function withFailing(status: BackfillStatus, view: BackfillView | undefined): BackfillStatus {
  if (view?.failing === undefined) return status
  const rest = withoutKey(status, 'failing')
  if (view.failing === null) return rest
  const { sinceMs, message } = view.failing
  // The time that is told already is that of the first failure, also of another process.
  const since = status.failing?.since ?? formatTime(sinceMs)
  return { ...rest, failing: { since, message: message.slice(0, maxMessageLength) } }
}
