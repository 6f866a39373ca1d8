import { createServer, type Server } from 'node:http'

import type { Clock } from '../clock.ts'
import { isWithoutFamily, listenOn } from '../listen-on.ts'
import type { Logger } from '../observability/logger.ts'
import type { AdminDeps } from './answer-admin.ts'
import { createAdminApp } from './admin-app.ts'

export interface AdminServerOptions extends AdminDeps {
  /** 0: any free one. */
  readonly port: number
  readonly clock: Clock
  readonly logger: Logger
  /** Of this program. */
  readonly version: string
}

export interface AdminServer {
  /** Resolves with the port once it accepts connections; rejects when the port is taken. */
  listen(): Promise<{ port: number }>
  /** Ends open connections too. */
  close(): Promise<void>
}

/**
 * Not a setting: a client that reaches the port may replay the events of every object, so that reaching it must take
 * the right to forward ports to the pod. Both families, because the node chooses by which of them a forwarded port
 * arrives.
 */
const loopbackHosts = ['127.0.0.1', '::1'] as const
/** The timeouts are looked at every ten seconds, open connections or not: oftener, and a receiver would never rest. */
const limits = {
  requestTimeout: 10_000,
  headersTimeout: 5000,
  connectionsCheckingInterval: 10_000,
  maxHeaderSize: 8192,
}
/**
 * For a few people with a command line each; the port is on loopback, so that a client that fills it is in the pod
 * already.
 */
const maxConnections = 64

/**
 * The port of the command line: statistics, recent deliveries, dead letters and replay, as JSON. Contract:
 * src/contract/admin-api.
 */
export function createAdminServer(options: AdminServerOptions): AdminServer {
  const app = createAdminApp(options)
  const listening: Server[] = []
  return {
    async listen() {
      await app.ready()
      let { port } = options
      for (const host of loopbackHosts) {
        // Fastify has one server of its own; these are ours, each with all of the bounds.
        const server = createServer(limits, (request, response) => app.routing(request, response))
        server.maxConnections = maxConnections
        const isLastHope = listening.length === 0 && host === loopbackHosts.at(-1)
        const opened = await listenOn(server, { host, port }).catch((error: unknown) => {
          if (isLastHope || !isWithoutFamily(error)) throw error
        })
        if (opened === undefined) continue
        port = opened.port
        listening.push(server)
      }
      return { port }
    },
    async close() {
      await Promise.all(listening.map(closeServer))
      await app.close()
    },
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
