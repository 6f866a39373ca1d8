import type { FastifyInstance } from 'fastify'

import { sleep, type Clock } from '../clock.ts'
import { ConnectionBook } from '../connections/connection-book.ts'
import { Intake } from '../connections/intake.ts'
import type { RequestEntry } from '../contract/feed-entry.ts'
import type { Inbox, InboxObstacle } from '../inbox/port.ts'
import { listenOn } from '../listen-on.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import type { Tracing } from '../tracing/port.ts'
import { sendAnswer } from './answer.ts'
import { equalQuotas, type Quotas } from '../fairness/quotas.ts'
import { BodyBudget } from './body-budget.ts'
import { BoundedAppend } from './bounded-append.ts'
import { ClientErrors } from './client-errors.ts'
import { createClientAddressOf, TrustedProxies } from './client-address.ts'
import { closeServer } from './close-server.ts'
import { connectionEndOf } from './connection-end.ts'
import type { EndpointActivity } from './endpoint-activity.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { Exchange } from './exchange.ts'
import { defaultLimits, type ReceiverLimits } from './limits.ts'
import { PublicKeyChecks } from './public-key-checks.ts'
import { createDynamicRoute, type PublicKeys } from './receive-dynamic.ts'
import { createStaticRoute } from './receive-static.ts'
import { createReceiverMetrics } from './receiver-metrics.ts'
import { RequestJournal } from './request-journal.ts'
import { endpointNamedIn, healthPath, pathPrefixes } from './request-path.ts'
import type { ServingCertificate } from './serving-certificate.ts'
import { createReceiverServer } from './server.ts'
import type { AnsweredOutcome, Outcome } from './status-codes.ts'
import type { EventSummary } from './withhold.ts'

export interface ReceiverOptions {
  readonly directory: EndpointDirectory
  readonly inbox: Pick<Inbox, 'append'> & Partial<Pick<Inbox, 'obstacle'>>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Must not throw on any bytes. */
  readonly parseEnvelope: (body: Uint8Array) => EventSummary
  /** What it takes for a ping besides its own names; default: nothing. */
  readonly pingNames?: readonly string[]
  /** Where what deliveries show is noted, for the report. */
  readonly activity: EndpointActivity
  /** Called with each request that ended, however it was answered; must not throw. */
  readonly onRequest?: (entry: RequestEntry) => void
  /** Absent: no traces are kept. */
  readonly tracing?: Tracing
  /** The service's public keys. Absent: deliveries on dynamic paths are answered 503. */
  readonly publicKeys?: PublicKeys
  readonly limits?: Partial<ReceiverLimits>
  /** Absent: plain HTTP, behind a proxy that terminates TLS. */
  readonly tls?: Pick<ServingCertificate, 'current' | 'watch'>
  /** Proxies whose `X-Forwarded-For` is used and whose connections are kept, as address ranges. */
  readonly trustedProxies?: readonly string[]
  /** The path of the base URL, if it has one; requests are taken with and without it. */
  readonly pathPrefix?: string
  /** What each namespace may have of what endpoints share; all alike where nothing is said. */
  readonly quotas?: Quotas
}

type ReceiverReadiness =
  | { ready: true; why: 'Serving' }
  | { ready: false; why: 'NotListening' | 'ConfigurationNotLoaded' | 'Draining' | `Inbox${InboxObstacle}` }

export interface Receiver {
  /** Port 0 chooses one. */
  listen(address: { host: string; port: number }): Promise<{ port: number }>
  readiness(): ReceiverReadiness
  /**
   * Becomes not ready and continues to serve, with each answer closing its connection, until `drainMs` have passed.
   * Then call `close`.
   */
  drain(): Promise<void>
  /**
   * Accepts no more connections, lets the requests under way end, bounded by their own timeouts, and closes.
   * Idempotent.
   */
  close(): Promise<void>
  /** Requests without a socket, for tests. */
  readonly inject: FastifyInstance['inject']
}

const noPublicKeys: PublicKeys = { keys: undefined, refresh: () => Promise.resolve('unknown') }

/** Puts the public port together: one directory, one inbox, one server. Nothing runs before `listen`. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { directory, inbox, activity, clock } = options
  const limits: ReceiverLimits = { ...defaultLimits, ...options.limits }
  const { quotas = equalQuotas } = options
  const { maxHeldBodyBytes: maxBytes, maxBodyBytes: largestBodyBytes } = limits
  const budget = new BodyBudget({ maxBytes, largestBodyBytes, quotas })
  const metrics = createReceiverMetrics(options.metrics, {
    heldBodyBytes: () => budget.heldBytes,
    endpoints: () => directory.size,
    isReady: () => readiness().ready,
    connections: (standing) => connections.count(standing),
  })
  const idleMs = {
    stranger: limits.strangersKeepAliveTimeoutMs,
    proven: limits.keepAliveTimeoutMs,
    proxy: limits.keepAliveTimeoutMs,
  }
  const connections = new ConnectionBook({
    maxConnections: limits.maxConnections,
    idleMs,
    clock,
    onCut: (reason) =>
      reason === 'NoRoom' ? metrics.droppedConnections.add() : metrics.closedConnections.add(1, { reason }),
  })
  const intake = new Intake({
    connections,
    namespaceIn: (bytes) => {
      const { kind, namespace = '', name = '' } = endpointNamedIn(bytes) ?? {}
      const endpoint = kind === 'route' ? directory.lookupRoute(namespace, name) : directory.lookup(namespace, name)
      return endpoint === undefined ? '' : namespace
    },
    roomFor: ([namespace, uid = '']) => budget.of({ namespace, uid }),
    quotas,
    clock,
  })
  const trustedProxies = new TrustedProxies(options.trustedProxies ?? [])
  const { logger, onRequest: onEnded = () => {} } = options
  const clientAddressOf = createClientAddressOf(trustedProxies)
  const journal = new RequestJournal({ metrics, logger, clock, clientAddressOf, onEnded })
  const clientErrors = new ClientErrors(journal, () => metrics.tlsFailures.add())
  let state: 'idle' | 'listening' | 'draining' = 'idle'

  const finish = (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread', allow?: string) => {
    if (outcome === 'Aborted') {
      if (!clientErrors.hasAnswered(exchange.request.socket)) journal.record(exchange, outcome)
      return
    }
    const { keptAs } = exchange
    sendAnswer(exchange.response, outcome, {
      keepAliveMs: keepAliveAfter(exchange, outcome, connection),
      allow,
      keptAs,
    })
    journal.record(exchange, outcome)
  }
  const keepAliveAfter = (
    { request: { socket }, keyId, endpoint, route }: Exchange,
    outcome: AnsweredOutcome,
    connection: 'keep' | 'unread',
  ): number | undefined => {
    // Only a fresh signature sets the key: a captured old delivery proves nothing.
    if (keyId !== undefined && endpoint !== undefined) connections.prove(socket, endpoint.owner.namespace)
    const end = connectionEndOf(
      { outcome, isProbe: route === healthPath, isUnread: connection === 'unread', isDraining: state === 'draining' },
      connections.standingOf(socket),
    )
    if (end !== undefined) metrics.closedConnections.add(1, { reason: end })
    const mayIdleMs = connections.answered(socket, { isEnding: end !== undefined })
    intake.answered(socket)
    return end === undefined ? mayIdleMs : undefined
  }
  const readiness = (): ReceiverReadiness => {
    if (state === 'draining') return { ready: false, why: 'Draining' }
    if (!directory.isLoaded) return { ready: false, why: 'ConfigurationNotLoaded' }
    if (state === 'idle') return { ready: false, why: 'NotListening' }
    // Deliveries here would be answered 503; another receiver may have room.
    const { obstacle } = inbox
    return obstacle === undefined ? { ready: true, why: 'Serving' } : { ready: false, why: `Inbox${obstacle}` }
  }
  const routeDeps = {
    directory,
    activity,
    appends: new BoundedAppend(inbox, clock, limits.appendTimeoutMs),
    budget,
    maxBodyBytes: limits.maxBodyBytes,
    clock,
    metrics,
    parseEnvelope: options.parseEnvelope,
    pingNames: options.pingNames ?? [],
    ...(options.tracing !== undefined && { tracing: options.tracing }),
    finish,
  }
  const receiveStatic = createStaticRoute(routeDeps)
  const receiveDynamic = createDynamicRoute({
    ...routeDeps,
    checks: new PublicKeyChecks(limits, { clock, quotas }),
    publicKeys: options.publicKeys ?? noPublicKeys,
  })
  const { http, app } = createReceiverServer({
    limits,
    tls: options.tls,
    prefixes: pathPrefixes(options.pathPrefix ?? ''),
    clock,
    receiveStatic,
    receiveDynamic,
    isReady: () => readiness().ready,
    finish,
    clientErrors,
    connections,
    intake,
    trustedProxies,
  })
  let closing: Promise<void> | undefined

  return {
    inject: app.inject.bind(app),
    readiness,
    async listen(address) {
      await app.ready()
      const listening = await listenOn(http, address)
      state = 'listening'
      return listening
    },
    async drain() {
      state = 'draining'
      await sleep(clock, limits.drainMs)
    },
    close() {
      state = 'draining'
      closing ??= closeServer(http, clock, limits).then(() => app.close())
      return closing
    },
  }
}
