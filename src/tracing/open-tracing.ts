import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Context, type SpanContext } from '@opentelemetry/api'
import { parseTraceParent, TraceState } from '@opentelemetry/core'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, RandomIdGenerator, TracerProvider, type IdGenerator } from '@opentelemetry/sdk-trace'
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions'

import { sleep, type Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { BoundedExport, maxHeldSpans } from './bounded-export.ts'
import { createSampler, type SamplerChoice } from './create-sampler.ts'
import type { Span, SpanStart, Tracing } from './port.ts'
import { maxTraceStateLength, readTrace, writeTrace } from './trace-text.ts'

export interface TracingOptions extends SamplerChoice {
  /** The whole address that OTLP is posted to. */
  readonly url: string
  readonly version: string
  /** This receiver among those of its installation. */
  readonly instance: string
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
}

const scope = 'gemini-webhook-operator'
/** What is not sent by then is lost: the process has more important work to end. */
const stopWithinMs = 2_000

/**
 * Traces by the SDK of OpenTelemetry, sent by OTLP over HTTP. It is loaded where an address is set and nowhere else.
 * The exporter reads the other variables of OpenTelemetry itself, headers among them: no secret passes through here.
 */
export function openTracing(options: TracingOptions): Tracing {
  const { url, version, instance, clock } = options
  const bounded = new BoundedExport(new OTLPTraceExporter({ url }), options)
  const ids = new IdSource()
  const provider = new TracerProvider({
    sampler: createSampler(options),
    idGenerator: ids,
    resource: defaultResource()
      .merge(
        resourceFromAttributes({
          [ATTR_SERVICE_NAME]: 'gemini-webhook-receiver',
          [ATTR_SERVICE_VERSION]: version,
          [ATTR_SERVICE_INSTANCE_ID]: instance,
        }),
      )
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [bounded.guard(new BatchSpanProcessor({ exporter: bounded, maxQueueSize: maxHeldSpans }))],
  })
  const tracer = provider.getTracer(scope, version)
  return {
    start(given) {
      ids.nextTraceId = given.traceId
      const startMs = clock.now()
      const begunMs = clock.monotonic()
      const startTime = startMs - (given.startedMs === undefined ? 0 : begunMs - given.startedMs)
      const { name, kind, attributes } = given
      const span = tracer.startSpan(name, { kind: kinds[kind], attributes, startTime }, contextOf(given.parent))
      const end: Span['end'] = ({ attributes: more, failure } = {}) => {
        if (more !== undefined) span.setAttributes(more)
        if (failure !== undefined) {
          span.setAttribute('error.type', failure).setStatus({ code: SpanStatusCode.ERROR, message: failure })
        }
        // By one clock: the wall clock may jump meanwhile.
        span.end(startMs + (clock.monotonic() - begunMs))
      }
      return { trace: textOf(span.spanContext()), end }
    },
    parentIn: ({ traceparent, tracestate }) => parentIn(traceparent, tracestate),
    async stop() {
      const ended = provider.shutdown().catch(() => {}) // counted and logged where it failed
      await Promise.race([ended, sleep(clock, stopWithinMs)])
    },
  }
}

const kinds: Readonly<Record<SpanStart['kind'], SpanKind>> = {
  internal: SpanKind.INTERNAL,
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
}

/** Gives the trace that begins next its id; the call that begins it follows at once. */
class IdSource implements IdGenerator {
  readonly #random = new RandomIdGenerator()
  nextTraceId = ''

  generateTraceId(): string {
    return this.nextTraceId
  }

  generateSpanId(): string {
    return this.#random.generateSpanId()
  }
}

/** Longer than any that this version of the format has; a later one may be longer. */
const maxTraceParentLength = 256

function parentIn(traceparent: unknown, tracestate: unknown): string | undefined {
  if (typeof traceparent !== 'string' || traceparent.length > maxTraceParentLength) return undefined
  const parent = parseTraceParent(traceparent)
  if (parent === null) return undefined
  const isKept = typeof tracestate === 'string' && tracestate.length <= maxTraceStateLength
  return textOf({ ...parent, ...(isKept && { traceState: new TraceState(tracestate) }) })
}

function textOf({ traceId, spanId, traceFlags, traceState }: SpanContext): string {
  const flags = (traceFlags & 1).toString(16).padStart(2, '0')
  const tracestate = traceState?.serialize() ?? ''
  return writeTrace({ traceparent: `00-${traceId}-${spanId}-${flags}`, tracestate })
}

function contextOf(parent: string | undefined): Context {
  const known = readTrace(parent)
  const spanContext = known === undefined ? null : parseTraceParent(known.traceparent)
  if (spanContext === null) return ROOT_CONTEXT
  const { tracestate } = known ?? {}
  const state = tracestate === undefined ? {} : { traceState: new TraceState(tracestate) }
  return trace.setSpanContext(ROOT_CONTEXT, { ...spanContext, ...state, isRemote: true })
}
