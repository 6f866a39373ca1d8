import type { AddressInfo } from 'node:net'

import type { FastifyInstance } from 'fastify'

import { sleep, type Clock } from '../clock.ts'
import type { RequestEntry } from '../feed/entry.ts'
import type { Inbox } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import type { Metrics } from '../observability/metrics.ts'
import { sendAnswer } from './answer.ts'
import { BodyBudget } from './body-budget.ts'
import { BoundedAppend } from './bounded-append.ts'
import { ClientErrors } from './client-errors.ts'
import { createClientAddressOf } from './client-address.ts'
import { closeServer } from './close-server.ts'
import { EndpointActivity } from './endpoint-activity.ts'
import type { EndpointDirectory } from './endpoint-directory.ts'
import type { Exchange } from './exchange.ts'
import { defaultLimits, type ReceiverLimits } from './limits.ts'
import { PublicKeyChecks } from './public-key-checks.ts'
import { createDynamicRoute, type PublicKeys } from './receive-dynamic.ts'
import { createStaticRoute } from './receive-static.ts'
import { createReceiverMetrics } from './receiver-metrics.ts'
import { RequestJournal } from './request-journal.ts'
import { pathPrefixes } from './request-path.ts'
import type { ServingCertificate } from './serving-certificate.ts'
import { createReceiverServer } from './server.ts'
import type { Outcome } from './status-codes.ts'
import type { EventSummary } from './withhold.ts'

export interface ReceiverOptions {
  readonly directory: EndpointDirectory
  readonly inbox: Pick<Inbox, 'append'>
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics: Metrics
  /** Must not throw on any bytes. */
  readonly parseEnvelope: (body: Uint8Array) => EventSummary
  /** Called after each newly stored event. */
  readonly onStored: () => void
  /** Called with each request that ended, however it was answered; must not throw. */
  readonly onRequest?: (entry: RequestEntry) => void
  /** The service's public keys. Absent: deliveries on dynamic paths are asked to come back. */
  readonly publicKeys?: PublicKeys
  readonly limits?: Partial<ReceiverLimits>
  /** Absent: plain HTTP, behind whatever ends TLS. */
  readonly tls?: Pick<ServingCertificate, 'current' | 'watch'>
  /** Proxies whose `X-Forwarded-For` is believed, as address ranges; for logs only. */
  readonly trustedProxies?: readonly string[]
  /** The path of the base URL, if it has one; requests are taken with and without it. */
  readonly pathPrefix?: string
}

type ReceiverReadiness =
  { ready: true; why: 'Serving' } | { ready: false; why: 'NotListening' | 'ConfigurationNotLoaded' | 'Draining' }

export interface Receiver {
  /** Port 0 chooses one. */
  listen(address: { host: string; port: number }): Promise<{ port: number }>
  readiness(): ReceiverReadiness
  /** Turns not ready and goes on serving, each answer closing its connection, until `drainMs` have passed. Then call `close`. */
  drain(): Promise<void>
  /** Accepts no more connections, lets the requests under way end, bounded by their own timeouts, and closes. Idempotent. */
  close(): Promise<void>
  /** What deliveries have shown, for the report. */
  readonly activity: EndpointActivity
  /** Requests without a socket, for tests. */
  readonly inject: FastifyInstance['inject']
}

const noPublicKeys: PublicKeys = { keys: undefined, refresh: () => Promise.resolve('unknown') }

/** Puts the public port together: one directory, one inbox, one server. Nothing runs before `listen`. */
export function createReceiver(options: ReceiverOptions): Receiver {
  const { directory, inbox, clock } = options
  const limits: ReceiverLimits = { ...defaultLimits, ...options.limits }
  const budget = new BodyBudget(limits.maxHeldBodyBytes)
  const activity = new EndpointActivity()
  const metrics = createReceiverMetrics(options.metrics, {
    heldBodyBytes: () => budget.heldBytes,
    endpoints: () => directory.size,
  })
  const { logger, onRequest: onEnded = () => {} } = options
  const clientAddressOf = createClientAddressOf(options.trustedProxies ?? [])
  const journal = new RequestJournal({ metrics, logger, clock, clientAddressOf, onEnded })
  const clientErrors = new ClientErrors(journal, () => metrics.tlsFailures.add())
  let state: 'idle' | 'listening' | 'draining' = 'idle'

  const finish = (exchange: Exchange, outcome: Outcome, connection: 'keep' | 'unread', allow?: string) => {
    if (outcome === 'Aborted') {
      if (!clientErrors.hasAnswered(exchange.request.socket)) journal.record(exchange, outcome)
      return
    }
    sendAnswer(exchange.response, outcome, { close: connection === 'unread' || state === 'draining', allow })
    journal.record(exchange, outcome)
  }
  const readiness = (): ReceiverReadiness => {
    if (state === 'draining') return { ready: false, why: 'Draining' }
    if (!directory.isLoaded) return { ready: false, why: 'ConfigurationNotLoaded' }
    return state === 'idle' ? { ready: false, why: 'NotListening' } : { ready: true, why: 'Serving' }
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
    onStored: options.onStored,
    finish,
  }
  const receiveStatic = createStaticRoute(routeDeps)
  const receiveDynamic = createDynamicRoute({
    ...routeDeps,
    checks: new PublicKeyChecks(limits, clock),
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
    onDroppedConnection: () => metrics.droppedConnections.add(),
  })
  let closing: Promise<void> | undefined

  return {
    activity,
    inject: app.inject.bind(app),
    readiness,
    async listen({ host, port }) {
      await app.ready()
      await new Promise<void>((resolve, reject) => {
        http.once('error', reject)
        http.listen({ host, port }, () => {
          http.off('error', reject)
          resolve()
        })
      })
      state = 'listening'
      return { port: (http.address() as AddressInfo).port }
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
