import { TraceFlags } from '@opentelemetry/api'
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'
import type { ReadableSpan, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'

import type { Logger } from '../observability/logger.ts'
import type { CounterHandle, Metrics } from '../observability/metrics.ts'

/** Ended, and neither taken nor given up: some kilobytes each at most. */
export const maxHeldSpans = 2_048

interface ExportDeps {
  readonly logger: Logger
  readonly metrics: Metrics
}

/**
 * Sends spans, and says what became of those that did not arrive: a counter, one line of the log when sending begins to
 * fail and one when it works again. The SDK drops silently what its queue cannot hold, so its queue never is full.
 */
export class BoundedExport implements SpanExporter {
  readonly #inner: SpanExporter
  readonly #logger: Logger
  readonly #dropped: CounterHandle
  #held = 0
  /** Since sending began to fail; undefined while it works. */
  #droppedSince: number | undefined

  constructor(inner: SpanExporter, { logger, metrics }: ExportDeps) {
    this.#inner = inner
    this.#logger = logger
    this.#dropped = metrics.counter({
      name: 'gwh_trace_spans_dropped_total',
      help: 'Spans of traces that were not sent, because too many waited (QueueFull) or the collector did not take them (NotTaken). Only where traces are kept.',
      labels: ['reason'],
      known: [{ reason: 'QueueFull' }, { reason: 'NotTaken' }],
    })
  }

  /** The processor that passes spans on to this exporter, with nothing beyond what may be held. */
  guard(processor: SpanProcessor): SpanProcessor {
    return {
      onStart: (span, parent) => processor.onStart(span, parent),
      onEnd: (span) => {
        if ((span.spanContext().traceFlags & TraceFlags.SAMPLED) === 0) return
        if (this.#held >= maxHeldSpans) return this.#drop(1, 'QueueFull')
        this.#held += 1
        processor.onEnd(span)
      },
      forceFlush: () => processor.forceFlush(),
      shutdown: () => processor.shutdown(),
    }
  }

  export(spans: ReadableSpan[], done: (result: ExportResult) => void): void {
    this.#inner.export(spans, (result) => {
      // Not before: a collector that never ends its answer has several batches, for as long as it likes.
      this.#held -= spans.length
      if (result.code === ExportResultCode.SUCCESS) this.#noteTaken()
      else this.#noteFailure(spans.length, result.error)
      done(result)
    })
  }

  forceFlush(): Promise<void> {
    return this.#inner.forceFlush?.() ?? Promise.resolve()
  }

  shutdown(): Promise<void> {
    return this.#inner.shutdown()
  }

  #drop(count: number, reason: 'QueueFull' | 'NotTaken'): void {
    this.#dropped.add(count, { reason })
    if (this.#droppedSince !== undefined) this.#droppedSince += count
  }

  #noteFailure(count: number, error: Error | undefined): void {
    const isNews = this.#droppedSince === undefined
    this.#droppedSince ??= 0
    this.#drop(count, 'NotTaken')
    if (isNews) this.#logger.warn({ cause: causeOf(error), spans: count }, 'traces.not_taken')
  }

  #noteTaken(): void {
    if (this.#droppedSince === undefined) return
    this.#logger.info({ spans: this.#droppedSince }, 'traces.taken_again')
    this.#droppedSince = undefined
  }
}

/** A code, a status or a word alone: messages may repeat what a collector said, or a header. */
function causeOf(error: Error | undefined): string {
  const code: unknown = error !== undefined && 'code' in error ? error.code : undefined
  if (typeof code === 'number') return `status ${code}`
  if (typeof code === 'string' && /^[A-Z0-9_]{1,64}$/.test(code)) return code
  // Of an answer that asks to come again (429, 502, 503 or 504) the exporter keeps no status.
  return error?.name === 'OTLPExporterError' ? 'unavailable' : 'noAnswer'
}
