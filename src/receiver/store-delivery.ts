import type { IncomingMessage } from 'node:http'

import type { Clock } from '../clock.ts'
import { isBackfillId } from '../gemini/batch-job.ts'
import type { NewEvent } from '../inbox/port.ts'
import type { Tracing } from '../tracing/port.ts'
import { takesOwn } from '../routes/attached-route.ts'
import type { SignedHeaders } from '../signature/parse-headers.ts'
import type { BodyBudget } from './body-budget.ts'
import type { BoundedAppend, BoundedAppendResult } from './bounded-append.ts'
import type { EndpointActivity } from './endpoint-activity.ts'
import type { Endpoint } from './endpoint.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { Exchange } from './exchange.ts'
import { dedupeByJob } from './fold-job.ts'
import type { HeldBody } from './receive-body.ts'
import type { ReceiverMetrics } from './receiver-metrics.ts'
import type { AnsweredOutcome, Outcome } from './status-codes.ts'
import { traceDelivery } from './trace-delivery.ts'
import { mayBeWithheld, shouldWithhold, type EventSummary } from './withhold.ts'

/** What both ways of receiving need. */
export interface RouteDeps {
  readonly directory: EndpointDirectory
  readonly activity: EndpointActivity
  readonly appends: BoundedAppend
  readonly budget: BodyBudget
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly metrics: ReceiverMetrics
  readonly parseEnvelope: (body: Uint8Array) => EventSummary
  /** What `parseEnvelope` takes for a ping besides its own names. */
  readonly pingNames: readonly string[]
  /** Absent: no traces are kept. */
  readonly tracing?: Tracing
  /**
   * Ends an exchange: answer, count, log. `unread`: parts of the request have not been read, so the connection cannot
   * be used again.
   */
  readonly finish: (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread') => void
}

/** What can be said before the body is read. */
export type Admission<H extends SignedHeaders = SignedHeaders> =
  { admitted: true; endpoint: Endpoint; headers: H } | { admitted: false; outcome: AnsweredOutcome }

/** A delivery that is complete and whose endpoint is known. */
export interface Delivery<H extends SignedHeaders = SignedHeaders> extends HeldBody {
  readonly endpoint: Endpoint
  readonly headers: H
}

export interface VerifiedDelivery {
  readonly delivery: Delivery
  readonly mode: NewEvent['mode']
  /** The key that verified it. */
  readonly keyId: string
  readonly nowMs: number
}

export function refused(outcome: AnsweredOutcome): { admitted: false; outcome: AnsweredOutcome } {
  return { admitted: false, outcome }
}

/** Keeps a delivery whose signature held, and answers once it is durable. */
export function storeDelivery(deps: RouteDeps, exchange: Exchange, verified: VerifiedDelivery): void {
  const { delivery, mode, keyId, nowMs } = verified
  const { endpoint, headers } = delivery
  const { uid } = endpoint.owner
  exchange.keyId = keyId
  exchange.eventId = headers.id
  // It comes from inside of the cluster, and shows nothing of the way from Google.
  const isBackfill = isBackfillId(headers.id)
  // Of a route it is told in this place when its sinks took something.
  if (endpoint.route === undefined && !isBackfill) deps.activity.noteVerified(uid, nowMs)
  // A ping comes to the static endpoint; a job that ends meanwhile proves nothing about it.
  const checkAttemptId = mode === 'static' && !isBackfill ? endpoint.checkAttemptId : undefined
  const traced = deps.tracing && traceDelivery(deps.tracing, exchange, verified)
  const event = toEvent(deps, exchange.request, { ...verified, isCheckOpen: checkAttemptId !== undefined })
  deps.appends.append(traced === undefined ? event : { ...event, trace: traced.trace }, {
    answer: (result, fault) => {
      exchange.fault = fault
      const outcome = appendOutcomes[result]
      traced?.ended(outcome)
      if (isBackfill && (result === 'stored' || result === 'duplicate')) exchange.keptAs = result
      const isKept = outcome === 'Stored' || outcome === 'Duplicate'
      if (!isKept) deps.metrics.authenticRefused.add(1, { outcome })
      noteAnswer(deps.activity, endpoint, { isKept, isFull: result === 'ownerFull', nowMs })
      deps.finish(exchange, outcome, 'keep')
    },
    settled: (result) => {
      delivery.release()
      if (result === 'stored' && checkAttemptId !== undefined) {
        deps.activity.noteCheckAnswered(uid, checkAttemptId, keyId)
      }
    },
  })
}

/**
 * In this place a route tells that it is full, as it does when a copy finds it so: not that the inbox took nothing, and
 * not that it is over with the next event that has room, or by turns it would be written again and again.
 */
function noteAnswer(
  activity: EndpointActivity,
  { owner: { uid }, route }: Endpoint,
  { isKept, isFull, nowMs }: { isKept: boolean; isFull: boolean; nowMs: number },
): void {
  if (route !== undefined) {
    if (isFull) activity.noteFull(uid, nowMs)
  } else if (isKept) {
    activity.noteKept(uid)
  } else {
    activity.noteRefused(uid, nowMs)
  }
}

const appendOutcomes = {
  stored: 'Stored',
  duplicate: 'Duplicate',
  ownerFull: 'OwnerFull',
  ownerBusy: 'OwnerFull',
  inboxFull: 'InboxFull',
  timeout: 'AppendTimeout',
  unavailable: 'InboxUnavailable',
} as const satisfies Record<BoundedAppendResult, AnsweredOutcome>

/**
 * The content type is kept for sinks that get the original bytes; the receiver does not interpret it, and a longer one
 * has no use.
 */
const maxContentTypeLength = 256

function toEvent(
  deps: RouteDeps,
  request: IncomingMessage,
  { delivery, mode, nowMs, isCheckOpen }: VerifiedDelivery & { isCheckOpen: boolean },
): NewEvent {
  const { endpoint, headers, body } = delivery
  const contentType = request.headers['content-type'] ?? ''
  const dedupe = dedupeByJob({ endpoint, mode, envelope: () => deps.parseEnvelope(body) })
  const isWithheld =
    mayBeWithheld(body, isCheckOpen, deps.pingNames) && shouldWithhold(deps.parseEnvelope(body), isCheckOpen)
  return {
    owner: endpoint.owner,
    eventId: headers.id,
    ...(dedupe !== undefined && { dedupe }),
    sentAtSeconds: headers.timestampSeconds,
    receivedAtMs: nowMs,
    mode,
    contentType: contentType.length <= maxContentTypeLength ? contentType : '',
    signature: String(request.headers['webhook-signature']),
    body,
    sinks: isWithheld || !isWanted(deps, endpoint, body) ? [] : endpoint.sinks,
  }
}

/** What a route does not want, or may not see, is acknowledged and becomes no delivery. */
function isWanted({ parseEnvelope }: RouteDeps, { route }: Endpoint, body: Uint8Array): boolean {
  if (route === undefined || (route.filter === undefined && route.allowedTypes === undefined)) return true
  return takesOwn(route, { type: parseEnvelope(body).type, body })
}
