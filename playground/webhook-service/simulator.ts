import type { AddressInfo } from 'node:net'

import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'

import type { Clock } from '../clock.ts'
import { hostInUrl } from '../host-in-url.ts'
import type { Logger } from '../logger.ts'
import { changeAnswer, servedPath, type ApiChanges } from './api-changes.ts'
import { registerAdminRoutes } from './admin-routes.ts'
import { createAdmin, type SimulatorAdmin } from './admin.ts'
import { CallLog } from './call-log.ts'
import { DeliveryEngine } from './delivery-engine.ts'
import { createDeliveryTransport, type ConnectTo, type Outgoing } from './delivery-transport.ts'
import { emitEvent, type Emission } from './emit-event.ts'
import { Faults } from './faults.ts'
import { registerJobRoutes } from './job-routes.ts'
import { Jobs } from './jobs.ts'
import { answered, renderProblem } from './problem.ts'
import { RateLimit } from './rate-limit.ts'
import type { AttemptResult } from './retry-schedule.ts'
import { registerWebhookRoutes } from './rest-routes.ts'
import { createCallServer } from './serve-call.ts'
import { SigningKeys } from './signer.ts'
import { createSimulatedClock } from './simulated-clock.ts'
import { WebhookStore } from './store.ts'
import { switchesSchema, type SwitchChanges } from './switches.ts'

export interface WebhookServiceSimulator {
  /** Port 0 takes any free one. The base URL for clients. */
  listen(address: { port: number; host?: string }): Promise<{ url: string }>
  admin: SimulatorAdmin
  /** Cuts every connection; deliveries that wait are forgotten. */
  close(): Promise<void>
}

export interface SimulatorOptions {
  clock: Clock
  /** In [0, 1): jitter, and faults that strike by chance. */
  random: () => number
  logger: Logger
  switches?: SwitchChanges
  /** What of the API is other than it is today, at the moment; absent: nothing. */
  apiChanges?: () => ApiChanges
  connectTo?: ConnectTo
  /** PEM certificates of the only authorities that https endpoints are trusted by. */
  trustedCertificates?: string[]
  /** Called after each attempt at a delivery, with what was sent and what came of it. */
  onAttempt?: (sent: Outgoing, result: AttemptResult) => void
  /** Called after its clock was moved, once what fell due on the way has been done. */
  onAdvanced?: () => void
}

const maxBodyBytes = 1024 * 1024
const webhooksPath = /^\/v[^/]*\/webhooks/

/**
 * Google's WebhookService as far as it is known, with what is not known as switches, every failure on demand, and a
 * clock that can be moved.
 */
export function createWebhookServiceSimulator(options: SimulatorOptions): WebhookServiceSimulator {
  const { random, logger, connectTo = {}, trustedCertificates, onAttempt, onAdvanced = () => {} } = options
  const { apiChanges = () => ({}) } = options
  const settings = { current: switchesSchema.parse(options.switches ?? {}) }
  const switches = () => settings.current
  const clock = createSimulatedClock(options.clock)
  const store = new WebhookStore()
  const faults = new Faults(random)
  const log = new CallLog()
  const keys = new SigningKeys()
  const transport = createDeliveryTransport({
    clock,
    connectTo,
    ...(trustedCertificates !== undefined && { trustedCertificates }),
  })
  const engine = new DeliveryEngine({
    store,
    keys,
    transport,
    faults,
    switches,
    apiChanges,
    clock,
    random,
    logger,
    onAttempt,
  })
  const emit = (emission: Emission) => emitEvent({ store, engine, switches, clock }, emission)
  const jobs = new Jobs({ emit, switches, clock })
  const admin = createAdmin({ store, faults, log, engine, transport, jobs, emit, keys, clock, settings, onAdvanced })
  const calls = createCallServer({ store, faults, log, rateLimit: new RateLimit(), switches, clock })

  const app = createApp(apiChanges)
  registerWebhookRoutes(app, { service: { store, clock, switches }, engine, calls })
  registerJobRoutes(app, { jobs, calls, switches, clock })
  registerAdminRoutes(app, admin)
  app.get('/.well-known/jwks.json', (request, reply) => {
    const { jwksCacheControl } = switches()
    if (jwksCacheControl !== '') void reply.header('cache-control', jwksCacheControl)
    const operation = () => answered(keys.jwks(store.projects(), switches()))
    return calls.serve(request, reply, { verb: 'jwks', version: '', open: true, operation })
  })

  return {
    admin,
    async listen({ port, host = '127.0.0.1' }) {
      await app.listen({ port, host })
      const address = app.server.address() as AddressInfo
      return { url: `http://${hostInUrl(address.address)}:${address.port}` }
    },
    async close() {
      engine.close()
      await app.close()
      await transport.close()
    },
  }
}

function createApp(apiChanges: () => ApiChanges): FastifyInstance {
  const app = fastify({
    rewriteUrl: ({ url = '/' }) => servedPath(url, apiChanges()),
    bodyLimit: maxBodyBytes,
    frameworkErrors: (error, _, reply) => refuse(error, reply),
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 2048 },
  })
  app.addHook('onSend', async ({ url }, reply, payload) =>
    typeof payload === 'string' && webhooksPath.test(url)
      ? changeAnswer(reply.statusCode, payload, apiChanges())
      : payload,
  )
  // Bodies are read by us: an empty one under application/json, as the SDK sends it with ping, is fine.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body))
  app.setErrorHandler((error: FastifyError, _, reply) => refuse(error, reply))
  app.setNotFoundHandler((_, reply) =>
    reply
      .code(404)
      .header('content-type', 'text/html; charset=UTF-8')
      .send('<html><title>Error 404 (Not Found)!!1</title></html>'),
  )
  return app
}

/**
 * Requests that do not get as far as an operation (a broken URL, a body that is too large), in the form of the front
 * end.
 */
function refuse({ statusCode = 500, message }: FastifyError, reply: FastifyReply): void {
  const [rpcStatus, code] = statusCode < 500 ? ['INVALID_ARGUMENT', 'invalid_request'] : ['INTERNAL', 'internal']
  const body = renderProblem({ status: statusCode, rpcStatus, code, message }, 'rpc')
  void reply.code(statusCode).header('content-type', 'application/json; charset=UTF-8').send(body)
}
