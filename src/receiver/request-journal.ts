import type { Clock } from '../clock.ts'
import type { Logger } from '../observability/logger.ts'
import type { Exchange } from './exchange.ts'
import type { ReceiverMetrics } from './receiver-metrics.ts'
import { answerOf, type Outcome } from './status-codes.ts'

/** Strangers can make us refuse as fast as they like; they cannot make us fill the disk with it. */
const maxRefusalLinesPerSecond = 20

/** Counts every request and writes its one wide line. */
export class RequestJournal {
  readonly #metrics: ReceiverMetrics
  readonly #logger: Logger
  readonly #clock: Clock
  #windowStartMs = -Infinity
  #linesInWindow = 0
  #suppressedLines = 0

  constructor(metrics: ReceiverMetrics, logger: Logger, clock: Clock) {
    this.#metrics = metrics
    this.#logger = logger
    this.#clock = clock
  }

  record(exchange: Exchange, outcome: Outcome): void {
    const durationMs = this.#clock.monotonic() - exchange.startedMs
    this.#metrics.requests.add(1, { outcome })
    if (outcome === 'Ok') return // probes come every few seconds and say nothing
    if (outcome === 'Stored' || outcome === 'Duplicate') {
      this.#metrics.requestSeconds.observe(durationMs / 1000)
      this.#logger.debug(detailsOf(exchange, outcome, durationMs), 'request.accepted')
      return
    }
    if (outcome === 'InternalError') {
      this.#logger.error({ ...detailsOf(exchange, outcome, durationMs), err: exchange.fault }, 'request.failed')
      return
    }
    // An authentic refusal is always worth a line: somebody's event is late because of us.
    if (exchange.keyId !== undefined) {
      this.#logger.warn(
        { ...detailsOf(exchange, outcome, durationMs), err: exchange.fault },
        'request.authentic-refused',
      )
    } else if (this.#mayWriteLine()) {
      this.#logger.info(this.#withSuppressed(detailsOf(exchange, outcome, durationMs)), 'request.refused')
    }
  }

  /** A request that ended before its headers were complete: there is nothing to say but how. */
  recordUnparsed(outcome: Outcome, remoteAddress: string | undefined): void {
    this.#metrics.requests.add(1, { outcome })
    if (this.#mayWriteLine()) this.#logger.info(this.#withSuppressed({ outcome, remoteAddress }), 'request.unparsed')
  }

  #mayWriteLine(): boolean {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#windowStartMs >= 1000) {
      this.#windowStartMs = nowMs
      this.#linesInWindow = 0
    }
    if (this.#linesInWindow < maxRefusalLinesPerSecond) {
      this.#linesInWindow++
      return true
    }
    this.#suppressedLines++
    return false
  }

  #withSuppressed(details: Record<string, unknown>): Record<string, unknown> {
    if (this.#suppressedLines === 0) return details
    const suppressedLines = this.#suppressedLines
    this.#suppressedLines = 0
    return { ...details, suppressedLines }
  }
}

function detailsOf(exchange: Exchange, outcome: Outcome, durationMs: number): Record<string, unknown> {
  return {
    outcome,
    status: outcome === 'Aborted' ? undefined : answerOf(outcome).status,
    method: exchange.request.method,
    route: exchange.route,
    namespace: exchange.endpoint?.owner.namespace,
    name: exchange.endpoint?.owner.name,
    eventId: exchange.eventId,
    keyId: exchange.keyId,
    bodyBytes: exchange.bodyBytes,
    skewSeconds: exchange.skewSeconds,
    remoteAddress: exchange.request.socket.remoteAddress,
    durationMs: Math.round(durationMs * 1000) / 1000,
  }
}
