import { geminiWebhookPath } from '../api/kind.ts'
import type { SpanEnd, SpanStart, Tracing } from '../tracing/port.ts'
import { traceIdOf } from '../tracing/trace-text.ts'
import { attributesOf } from './event-attributes.ts'
import type { OutgoingDelivery, SendOutcome, Sink, SinkInUse } from './port.ts'
import type { ParseEnvelope } from './remember-envelopes.ts'

interface TraceDeps {
  readonly tracing: Tracing
  readonly parseEnvelope: ParseEnvelope
}

/**
 * The same sinks; each attempt is a span of the trace that the event came with, however much later and at whichever
 * receiver it is made, and what is sent names it as its parent.
 */
export function traceAttempts(sinks: Sink, deps: TraceDeps): Sink {
  return {
    async send(delivery, signal) {
      const span = deps.tracing.start(spanOf(delivery, deps.parseEnvelope))
      try {
        const outcome = await sinks.send({ ...delivery, trace: span.trace }, signal)
        span.end(endOf(outcome))
        return outcome
      } catch (error) {
        span.end({ failure: 'fault' })
        throw error
      }
    },
    close: () => sinks.close(),
  }
}

function spanOf(delivery: OutgoingDelivery, parseEnvelope: ParseEnvelope): SpanStart {
  const { event, sink, deadLetter } = delivery
  const isRouting = sink.destination.type === 'routes'
  const toDeadLetters = deadLetter === undefined ? '' : ' dead letter'
  return {
    name: isRouting ? 'copy to routes' : `send${toDeadLetters} ${sink.name}`,
    kind: kinds[sink.destination.type],
    parent: event.trace,
    traceId: traceIdOf(event),
    attributes: {
      ...attributesOfEvent(delivery, parseEnvelope),
      ...attributesOfPlace(sink),
      'gwh.namespace': event.owner.namespace,
      'gwh.name': event.owner.name,
      'gwh.sink_type': sink.destination.type,
      ...(!isRouting && { 'gwh.sink': sink.name }),
      'gwh.attempt': delivery.attempt,
      'gwh.replayed': delivery.replayed,
      ...(deadLetter !== undefined && { 'gwh.dead_letter_reason': deadLetter.reason }),
    },
  }
}

const kinds = {
  http: 'client',
  kubernetesEvent: 'client',
  nats: 'producer',
  kafka: 'producer',
  routes: 'internal',
} as const satisfies Record<SinkInUse['destination']['type'], SpanStart['kind']>

/** Nothing of its data: neither the subject, which names a job, nor metadata. */
function attributesOfEvent(delivery: OutgoingDelivery, parseEnvelope: ParseEnvelope): SpanStart['attributes'] {
  const { event, webhook } = delivery
  const { type } = attributesOf(delivery, parseEnvelope(event.body, event))
  return {
    'cloudevents.event_id': event.eventId,
    'cloudevents.event_source': geminiWebhookPath(webhook ?? event.owner),
    'cloudevents.event_spec_version': '1.0',
    'cloudevents.event_type': type,
    'messaging.system': 'gemini_webhooks',
    'messaging.message.id': event.eventId,
    'messaging.message.body.size': event.body.length,
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
  }
}

/** Of an address that is a secret nothing. Of others the host alone: paths and queries carry tokens. */
function attributesOfPlace({ destination, transform }: SinkInUse): SpanStart['attributes'] {
  switch (destination.type) {
    case 'http': {
      const method = { 'http.request.method': transform?.method ?? 'POST' }
      const url = destination.isSecret === true ? null : URL.parse(destination.url)
      if (url === null) return method
      const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
      return { ...method, 'server.address': url.hostname, 'server.port': port }
    }
    case 'nats':
      return { 'messaging.system': 'nats', 'messaging.destination.template': destination.subject }
    case 'kafka':
      return { 'messaging.system': 'kafka', 'messaging.destination.template': destination.topic }
    case 'kubernetesEvent':
    case 'routes':
      return {}
  }
}

function endOf(outcome: SendOutcome): SpanEnd {
  const status = outcome.status === undefined ? {} : { 'http.response.status_code': outcome.status }
  return {
    attributes: { 'gwh.outcome': outcome.type, ...status },
    ...(outcome.type !== 'delivered' && { failure: failureOf(outcome) }),
  }
}

function failureOf(outcome: Exclude<SendOutcome, { type: 'delivered' }>): string {
  if (outcome.status !== undefined) return String(outcome.status)
  return outcome.type === 'unauthorized' ? 'unauthorized' : outcome.cause
}
