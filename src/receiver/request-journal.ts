import type { Clock } from '../clock.ts'
import type { RequestEntry } from '../contract/feed-entry.ts'
import type { Logger } from '../observability/logger.ts'
import type { ClientAddressOf } from './client-address.ts'
import type { Exchange } from './exchange.ts'
import type { ReceiverMetrics } from './receiver-metrics.ts'
import { SharedLines } from './shared-lines.ts'
import { shownHeaders } from './shown-headers.ts'
import { answerOf, type Outcome } from './status-codes.ts'

/**
 * Strangers can make us refuse as fast as they like; but not fill the disk with log lines, nor hide the refusals of
 * other endpoints. Of one namespace.
 */
const strangersLinesPerSecond = 20
/** A genuine delivery that we refuse is worth a line, but a full inbox refuses all of them, again and again. */
const authenticLinesPerSecond = 100

interface JournalDeps {
  readonly metrics: ReceiverMetrics
  readonly logger: Logger
  readonly clock: Clock
  readonly clientAddressOf: ClientAddressOf
  /** Called for every request except probes and input that was no request. */
  readonly onEnded: (entry: RequestEntry) => void
}

/** Counts every request and writes its one wide line. */
export class RequestJournal {
  readonly #metrics: ReceiverMetrics
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #strangers: SharedLines
  readonly #authentic: SharedLines

  readonly #onEnded: (entry: RequestEntry) => void
  readonly #clientAddressOf: ClientAddressOf

  constructor({ metrics, logger, clock, clientAddressOf, onEnded }: JournalDeps) {
    this.#clientAddressOf = clientAddressOf
    this.#metrics = metrics
    this.#logger = logger
    this.#clock = clock
    this.#onEnded = onEnded
    this.#strangers = new SharedLines(strangersLinesPerSecond, clock)
    this.#authentic = new SharedLines(authenticLinesPerSecond, clock)
  }

  record(exchange: Exchange, outcome: Outcome): void {
    const durationMs = this.#clock.monotonic() - exchange.startedMs
    this.#metrics.requests.add(1, { outcome })
    if (outcome === 'Ok') return // probes come every few seconds and say nothing
    this.#onEnded(entryOf(exchange, outcome, { atMs: this.#clock.now(), durationMs }))
    if (outcome === 'Stored' || outcome === 'Duplicate') {
      this.#metrics.requestSeconds.observe(durationMs / 1000)
      this.#logger.debug(this.#detailsOf(exchange, outcome, durationMs), 'request.accepted')
    } else {
      this.#logRefusal(exchange, outcome, durationMs)
    }
  }

  /** A request that ended before its headers were complete: there is nothing to say but how. */
  recordUnparsed(outcome: Outcome, remoteAddress: string | undefined): void {
    this.#metrics.requests.add(1, { outcome })
    const line = this.#strangers.take('')
    if (line !== undefined) this.#logger.info({ outcome, remoteAddress, ...line }, 'request.unparsed')
  }

  #logRefusal(exchange: Exchange, outcome: Outcome, durationMs: number): void {
    const isOurFault = exchange.fault !== undefined
    const isAuthentic = exchange.eventId !== undefined
    const line = (isAuthentic || isOurFault ? this.#authentic : this.#strangers).take(
      exchange.endpoint?.owner.namespace ?? '',
    )
    if (line === undefined) return
    const details = { ...this.#detailsOf(exchange, outcome, durationMs), ...line }
    if (isOurFault) this.#logger.error({ ...details, error: exchange.fault }, 'request.failed')
    else if (isAuthentic) this.#logger.warn(details, 'request.authentic_refused')
    else this.#logger.info(details, 'request.refused')
  }

  #detailsOf(exchange: Exchange, outcome: Outcome, durationMs: number): Record<string, unknown> {
    return {
      outcome,
      httpStatus: outcome === 'Aborted' ? undefined : answerOf(outcome).status,
      method: exchange.request.method,
      route: exchange.route,
      namespace: exchange.endpoint?.owner.namespace,
      name: exchange.endpoint?.owner.name,
      eventId: exchange.eventId,
      keyId: exchange.keyId,
      bodyBytes: exchange.bodyBytes,
      skewSeconds: exchange.skewSeconds,
      remoteAddress: this.#clientAddressOf(exchange.request),
      durationMs: Math.round(durationMs * 1000) / 1000,
    }
  }
}

function entryOf(
  { request, route, endpoint, eventId, keyId, bodyBytes, skewSeconds }: Exchange,
  outcome: Outcome,
  time: Pick<RequestEntry, 'atMs' | 'durationMs'>,
): RequestEntry {
  return {
    kind: 'request',
    ...time,
    route,
    outcome,
    ...(outcome !== 'Aborted' && { status: answerOf(outcome).status }),
    ...(endpoint !== undefined && { namespace: endpoint.owner.namespace, name: endpoint.owner.name }),
    ...(eventId !== undefined && { eventId }),
    ...(keyId !== undefined && { keyId }),
    ...(bodyBytes !== undefined && { bodyBytes }),
    ...(skewSeconds !== undefined && { skewSeconds }),
    headers: shownHeaders(request.headers),
  }
}
