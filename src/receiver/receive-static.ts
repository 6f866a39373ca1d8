import type { IncomingMessage, ServerResponse } from 'node:http'

import { staticRoute, type EndpointPath } from '../contract/endpoint-path.ts'
import { parseHeaders } from '../signature/parse-headers.ts'
import { isLive, verifyDelivery, type Verdict } from '../signature/verify.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import { isAnnouncedTooLarge, receiveBody } from './receive-body.ts'
import type { AnsweredOutcome } from './status-codes.ts'
import { refused, storeDelivery, type Admission, type Delivery, type RouteDeps } from './store-delivery.ts'

/**
 * Receives one delivery on a static path: headers, then body, then signature, then the inbox; the first phase that
 * fails ends it. Callbacks instead of promises, since this runs thousands of times a second.
 */
export function createStaticRoute(
  deps: RouteDeps,
): (request: IncomingMessage, response: ServerResponse, path: EndpointPath) => void {
  return (request, response, path) => {
    const exchange: Exchange = { request, response, route: staticRoute, startedMs: deps.clock.monotonic() }
    const admission = admit(deps, request, path)
    if (!admission.admitted) return deps.finish(exchange, admission.outcome, 'unread')
    const { endpoint, headers } = admission
    exchange.endpoint = endpoint
    receiveBody(deps, request, { exchange, owner: endpoint.owner }, (held) =>
      judge(deps, exchange, { endpoint, headers, ...held }),
    )
  }
}

/** All that can be said before the body is read, in the order in which it is said. */
function admit(deps: RouteDeps, request: IncomingMessage, path: EndpointPath): Admission {
  const endpoint = deps.directory.lookup(path.namespace, path.name)
  if (endpoint === undefined) return refused(deps.directory.isSynced ? 'UnknownEndpoint' : 'NotReady')
  if (isAnnouncedTooLarge(request, deps.maxBodyBytes)) return refused('BodyTooLarge')
  const parsed = parseHeaders(request.headers)
  if (!parsed.ok) return refused(parsed.problem)
  const nowMs = deps.clock.now()
  if (!endpoint.keys.some((key) => isLive(key, nowMs))) return refused('NoLiveKey')
  return { admitted: true, endpoint, headers: parsed.value }
}

function judge(deps: RouteDeps, exchange: Exchange, delivery: Delivery): void {
  const { endpoint, headers, body } = delivery
  const nowMs = deps.clock.now()
  const verdict = verifyDelivery(headers, body, { keys: endpoint.keys, nowMs })
  if (!verdict.accepted) {
    delivery.release()
    if (verdict.reason === 'StaleTimestamp' && verdict.authentic) noteSkew(deps, exchange, delivery, nowMs)
    return deps.finish(exchange, refusalOutcome(verdict, endpoint), 'keep')
  }
  storeDelivery(deps, exchange, { delivery, mode: 'static', keyId: verdict.keyId, nowMs })
}

/** A delivery with a good signature and a stale timestamp: the metric shows how far the clocks differ. */
function noteSkew(deps: RouteDeps, exchange: Exchange, { endpoint, headers }: Delivery, nowMs: number): void {
  exchange.skewSeconds = headers.timestampSeconds - Math.floor(nowMs / 1000)
  exchange.eventId = headers.id
  deps.metrics.clockSkewSeconds.set(exchange.skewSeconds)
  deps.metrics.authenticRefused.add(1, { outcome: 'StaleTimestamp' })
  deps.activity.noteRefused(endpoint.owner.uid, nowMs)
}

function refusalOutcome(verdict: Exclude<Verdict, { accepted: true }>, endpoint: Endpoint): AnsweredOutcome {
  // The secret that signed it may be on its way to the receiver: a 503 loses nothing, a 401 might.
  if (verdict.reason === 'BadSignature' && endpoint.areKeysChanging) return 'KeysChanging'
  return verdict.reason
}
