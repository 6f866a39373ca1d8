import type { IncomingMessage, ServerResponse } from 'node:http'

import type { Clock } from '../clock.ts'
import type { NewEvent } from '../inbox/port.ts'
import { parseHeaders, type SignedHeaders } from '../signature/parse-headers.ts'
import { isLive, verifyDelivery, type Verdict } from '../signature/verify.ts'
import type { BodyBudget } from './body-budget.ts'
import type { BoundedAppend, BoundedAppendResult } from './bounded-append.ts'
import type { EndpointActivity } from './endpoint-activity.ts'
import type { Endpoint, EndpointDirectory } from './endpoint-directory.ts'
import type { Exchange } from './exchange.ts'
import { readBody, type BodyRead } from './read-body.ts'
import type { ReceiverMetrics } from './receiver-metrics.ts'
import { staticPath } from './request-path.ts'
import type { AnsweredOutcome, Outcome } from './status-codes.ts'
import { mayBeWithheld, shouldWithhold, type EventSummary } from './withhold.ts'

export interface StaticRouteDeps {
  readonly directory: EndpointDirectory
  readonly activity: EndpointActivity
  readonly appends: BoundedAppend
  readonly budget: BodyBudget
  readonly maxBodyBytes: number
  readonly clock: Clock
  readonly metrics: ReceiverMetrics
  readonly parseEnvelope: (body: Uint8Array) => EventSummary
  /** Best effort: whoever sends events on looks for them anyway. */
  readonly onStored: () => void
  /** Ends an exchange: answer, count, log. `unread`: parts of the request have not been read, so the connection cannot be used again. */
  readonly finish: (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread') => void
}

export interface EndpointPath {
  readonly namespace: string
  readonly name: string
}

type Admission =
  { admitted: true; endpoint: Endpoint; headers: SignedHeaders } | { admitted: false; outcome: AnsweredOutcome }

/** A delivery that is complete and whose endpoint is known. */
interface Delivery {
  readonly endpoint: Endpoint
  readonly headers: SignedHeaders
  readonly body: Uint8Array
  /** Gives the body's bytes back to the budget; only the first call counts. */
  readonly release: () => void
}

/**
 * Receives one delivery on a static path: headers, then body, then signature, then the inbox; the first phase that fails ends it. Callbacks instead of
 * promises, since this runs thousands of times a second.
 */
export function createStaticRoute(
  deps: StaticRouteDeps,
): (request: IncomingMessage, response: ServerResponse, path: EndpointPath) => void {
  return (request, response, path) => {
    const exchange: Exchange = { request, response, route: staticPath, startedMs: deps.clock.monotonic() }
    const admission = admit(deps, request, path)
    if (!admission.admitted) return deps.finish(exchange, admission.outcome, 'unread')
    exchange.endpoint = admission.endpoint
    readBody(request, { maxBytes: deps.maxBodyBytes, budget: deps.budget }, (read) => {
      if (read.type !== 'read') return deps.finish(exchange, unreadOutcomes[read.type], 'unread')
      const { endpoint, headers } = admission
      const delivery: Delivery = { endpoint, headers, body: read.body, release: releaseOnce(deps.budget, read.body) }
      try {
        judge(deps, exchange, delivery)
      } catch (error) {
        // Nobody above an event handler would catch it, and one odd delivery must not end the process.
        delivery.release()
        exchange.fault = error
        deps.finish(exchange, 'InternalError', 'keep')
      }
    })
  }
}

const unreadOutcomes = {
  tooLarge: 'BodyTooLarge',
  overloaded: 'Overloaded',
  aborted: 'Aborted',
} as const satisfies Record<Exclude<BodyRead['type'], 'read'>, Outcome>

/** All that can be said before the body is read, in the order in which it is said. */
function admit(deps: StaticRouteDeps, request: IncomingMessage, path: EndpointPath): Admission {
  const endpoint = deps.directory.lookup(path.namespace, path.name)
  if (endpoint === undefined) return refused(deps.directory.isSynced ? 'UnknownEndpoint' : 'NotReady')
  if (Number(request.headers['content-length'] ?? 0) > deps.maxBodyBytes) return refused('BodyTooLarge')
  const parsed = parseHeaders(request.headers)
  if (!parsed.valid) return refused(parsed.reason)
  const nowMs = deps.clock.now()
  if (!endpoint.keys.some((key) => isLive(key, nowMs))) return refused('NoLiveKey')
  return { admitted: true, endpoint, headers: parsed.headers }
}

function releaseOnce(budget: BodyBudget, body: Uint8Array): () => void {
  let heldBytes = body.length
  return () => {
    budget.give(heldBytes)
    heldBytes = 0
  }
}

function refused(outcome: AnsweredOutcome): Admission {
  return { admitted: false, outcome }
}

function judge(deps: StaticRouteDeps, exchange: Exchange, delivery: Delivery): void {
  const { endpoint, headers, body } = delivery
  const nowMs = deps.clock.now()
  exchange.bodyBytes = body.length
  const verdict = verifyDelivery(headers, body, { keys: endpoint.keys, nowMs })
  if (!verdict.accepted) {
    delivery.release()
    if (verdict.reason === 'StaleTimestamp' && verdict.authentic) noteSkew(deps, exchange, delivery, nowMs)
    return deps.finish(exchange, refusalOutcome(verdict, endpoint), 'keep')
  }
  exchange.keyId = verdict.keyId
  exchange.eventId = headers.id
  deps.activity.noteVerified(endpoint.owner.uid, nowMs)
  store(deps, exchange, { delivery, keyId: verdict.keyId, nowMs })
}

/** A delivery that was signed all right, by a clock that is not ours: the metric says how far they are apart. */
function noteSkew(deps: StaticRouteDeps, exchange: Exchange, { endpoint, headers }: Delivery, nowMs: number): void {
  exchange.skewSeconds = headers.timestampSeconds - Math.floor(nowMs / 1000)
  exchange.eventId = headers.id
  deps.metrics.clockSkewSeconds.set(exchange.skewSeconds)
  deps.metrics.authenticRefused.add(1, { outcome: 'StaleTimestamp' })
  deps.activity.noteRefused(endpoint.owner.uid, nowMs)
}

function refusalOutcome(verdict: Exclude<Verdict, { accepted: true }>, endpoint: Endpoint): AnsweredOutcome {
  // The secret that signed it may be on its way to us: "come back" loses nothing, "wrong" might.
  if (verdict.reason === 'BadSignature' && endpoint.areKeysChanging) return 'KeysChanging'
  return verdict.reason
}

interface VerifiedDelivery {
  readonly delivery: Delivery
  readonly keyId: string
  readonly nowMs: number
}

function store(deps: StaticRouteDeps, exchange: Exchange, verified: VerifiedDelivery): void {
  const { delivery, keyId, nowMs } = verified
  const { endpoint } = delivery
  const { uid } = endpoint.owner
  deps.appends.append(toEvent(deps, exchange.request, verified), {
    answer: (result, fault) => {
      exchange.fault = fault
      const outcome = appendOutcomes[result]
      if (outcome === 'Stored' || outcome === 'Duplicate') {
        deps.activity.noteKept(uid)
      } else {
        deps.metrics.authenticRefused.add(1, { outcome })
        deps.activity.noteRefused(uid, nowMs)
      }
      deps.finish(exchange, outcome, 'keep')
    },
    settled: (result) => {
      delivery.release()
      if (result !== 'stored') return
      if (endpoint.checkAttemptId !== undefined) {
        deps.activity.noteCheckAnswered(uid, endpoint.checkAttemptId, keyId)
      }
      deps.onStored()
    },
  })
}

const appendOutcomes = {
  stored: 'Stored',
  duplicate: 'Duplicate',
  ownerFull: 'OwnerFull',
  inboxFull: 'InboxFull',
  timeout: 'AppendTimeout',
  unavailable: 'InboxUnavailable',
} as const satisfies Record<BoundedAppendResult, AnsweredOutcome>

/** A content type is kept for those who get the original bytes; nothing here looks at it, and nobody needs one longer than this. */
const maxContentTypeLength = 256

function toEvent(deps: StaticRouteDeps, request: IncomingMessage, { delivery, nowMs }: VerifiedDelivery): NewEvent {
  const { endpoint, headers, body } = delivery
  const contentType = request.headers['content-type'] ?? ''
  const isCheckOpen = endpoint.checkAttemptId !== undefined
  const isWithheld = mayBeWithheld(body, isCheckOpen) && shouldWithhold(deps.parseEnvelope(body), isCheckOpen)
  return {
    owner: endpoint.owner,
    eventId: headers.id,
    sentAtSeconds: headers.timestampSeconds,
    receivedAtMs: nowMs,
    mode: 'static',
    contentType: contentType.length <= maxContentTypeLength ? contentType : '',
    signature: String(request.headers['webhook-signature']),
    body,
    sinks: isWithheld ? [] : endpoint.sinks,
  }
}
