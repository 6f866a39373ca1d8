import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

import type { Clock } from '../clock.ts'
import { readBounded } from '../outbound/read-bounded.ts'
import { accepted, type Arrival, type CalledEndpoint } from './called-endpoint.ts'

/** The address is public: what comes from elsewhere is forgotten. */
const maxArrivals = 2_000
const maxBodyBytes = 64 * 1024

const acceptAll: Parameters<CalledEndpoint['answerWith']>[0] = () => accepted

interface OpenEndpoint extends CalledEndpoint {
  readonly port: number
  close(): Promise<void>
}

/**
 * Listens for what is delivered to `publicUrl`, from where a tunnel or an ingress leads to this port; 0 takes a free
 * one. Rejects where it cannot listen.
 */
export async function openEndpoint(
  { host, port, publicUrl }: { host: string; port: number; publicUrl: string },
  clock: Pick<Clock, 'now'>,
): Promise<OpenEndpoint> {
  const arrivals: Arrival[] = []
  // In each path, because a tunnel may or may not pass on what is before it; of this run alone, because jobs of one
  // that was killed, and retries of its deliveries, may arrive here as well.
  const mark = `/gwh-conformance/${randomBytes(6).toString('hex')}/`
  let answer = acceptAll
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atMs = clock.now()
    const [, path] = (request.url ?? '').split(mark)
    const body = await readBounded(request, maxBodyBytes)
    if (path === undefined || arrivals.length >= maxArrivals) {
      return void response.writeHead(404, { connection: 'close' }).end()
    }
    const arrival: Arrival = { path, headers: request.headers, body, atMs }
    arrivals.push(arrival)
    response.once('close', () => {
      if (!response.writableFinished) arrival.leftAtMs = clock.now()
    })
    const given = answer(arrival)
    if (given !== 'none') response.writeHead(given.status, given.headers).end()
  }
  const server = createServer((request, response) => void receive(request, response).catch(() => response.destroy()))
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    url: (path) => `${publicUrl.replace(/\/+$/, '')}${mark}${path}`,
    arrivals,
    answerWith(given) {
      answer = given
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}
