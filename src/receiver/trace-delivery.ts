import type { Span, Tracing } from '../tracing/port.ts'
import { traceIdOf } from '../tracing/trace-text.ts'
import type { Exchange } from './exchange.ts'
import { answerOf, type AnsweredOutcome } from './status-codes.ts'
import type { VerifiedDelivery } from './store-delivery.ts'

/** The spans of one delivery of Google. */
export interface DeliveryTrace {
  /** What is stored with the event: all that is done with it belongs to this span. */
  readonly trace: string
  /** The inbox has answered, or was not waited for any longer. */
  ended(outcome: AnsweredOutcome): void
}

/**
 * Begins the span of a request whose signature held, as of its arrival, with one for its verification and one for the
 * inbox. Only now: what strangers send leaves no span, whatever its headers ask for.
 */
export function traceDelivery(
  tracing: Tracing,
  exchange: Exchange,
  { delivery: { endpoint, headers, body }, mode, keyId }: Pick<VerifiedDelivery, 'delivery' | 'mode' | 'keyId'>,
): DeliveryTrace {
  const { request, route, startedMs, bodyReadMs = startedMs } = exchange
  const { owner } = endpoint
  const traceId = traceIdOf({ owner, eventId: headers.id })
  const span = tracing.start({
    name: `POST ${route}`,
    kind: 'server',
    parent: tracing.parentIn(request.headers),
    traceId,
    startedMs,
    attributes: {
      'http.request.method': 'POST',
      'http.route': route,
      'http.request.body.size': body.length,
      'cloudevents.event_id': headers.id,
      'messaging.system': 'gemini_webhooks',
      'messaging.operation.name': 'receive',
      'messaging.operation.type': 'receive',
      'messaging.message.id': headers.id,
      'gwh.namespace': owner.namespace,
      'gwh.name': owner.name,
      'gwh.mode': mode,
    },
  })
  const part = (name: string, since?: number): Span =>
    tracing.start({
      name,
      kind: 'internal',
      parent: span.trace,
      traceId,
      attributes: {},
      ...(since !== undefined && { startedMs: since }),
    })
  part('verify signature', bodyReadMs).end({ attributes: { 'gwh.key_id': keyId } })
  const append = part('append to inbox')
  return {
    trace: span.trace,
    ended(outcome) {
      const { status } = answerOf(outcome)
      const failure = status >= 500 ? outcome : undefined
      append.end({ attributes: { 'gwh.outcome': outcome }, failure })
      span.end({ attributes: { 'http.response.status_code': status, 'gwh.outcome': outcome }, failure })
    },
  }
}
