import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { recordedLogger } from '../doubles/recorded-logger.ts'
import { recordSecret } from '../measures/run-record.ts'
import { createWebhookServiceSimulator, type SimulatorOptions } from '../../../playground/webhook-service/simulator.ts'

export interface Received {
  path: string
  headers: IncomingHttpHeaders
  body: Buffer
}

/** A status, no answer ever, or a cut connection. */
type EndpointAnswer = number | 'hang' | 'cut'

/** An endpoint that keeps what it gets and answers what it is told. */
export async function startEndpoint(t: Pick<TestContext, 'after'>) {
  const received: Received[] = []
  const state: { answer: EndpointAnswer | ((nth: number) => EndpointAnswer); headers: Record<string, string> } = {
    answer: 204,
    headers: {},
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ path: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks) })
      const answer = typeof state.answer === 'function' ? state.answer(received.length) : state.answer
      if (answer === 'cut') request.socket.destroy()
      else if (answer !== 'hang') response.writeHead(answer, state.headers).end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { origin, received, state }
}

const pem = (name: string) =>
  readFileSync(join(import.meta.dirname, `../../fixtures/tls/self-signed.${name}.pem`), 'utf8')

/** An https endpoint that answers 204; its certificate is its own and for the name hooks.test. */
export async function startTlsEndpoint(t: Pick<TestContext, 'after'>) {
  const hosts: (string | undefined)[] = []
  const certificate = pem('cert')
  const server = createTlsServer({ key: pem('key'), cert: certificate }, (request, response) => {
    hosts.push(request.headers.host)
    response.writeHead(204).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`, certificate, hosts }
}

/** A simulator with one project, one API key and an endpoint to which every https URI leads. */
export async function startSimulator(t: Pick<TestContext, 'after'>, options: Partial<SimulatorOptions> = {}) {
  const endpoint = await startEndpoint(t)
  const simulator = createWebhookServiceSimulator({
    clock: systemClock,
    random: () => 0.5,
    logger: recordedLogger('webhook-service'),
    connectTo: { '*': endpoint.origin },
    ...options,
  })
  const { admin } = simulator
  t.after(() => {
    for (const { secrets } of admin.webhooks()) for (const { secret } of secrets) recordSecret(secret)
    return simulator.close()
  })
  const { url } = await simulator.listen({ port: 0 })
  admin.createProject('project-a')
  const apiKey = admin.createApiKey('project-a')
  recordSecret(apiKey)
  return { simulator, admin, url, apiKey, endpoint }
}

export interface ApiAnswer {
  status: number
  headers: Headers
  /** Parsed where it is JSON. */
  body: unknown
}

/** Raw calls, where the SDK would hide what is on the wire. */
export function rawApi(url: string, apiKey: string | undefined) {
  return async (method: string, path: string, body?: unknown): Promise<ApiAnswer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(apiKey !== undefined && { 'x-goog-api-key': apiKey }), 'content-type': 'application/json' },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const isJson = response.headers.get('content-type')?.includes('json') === true
    return { status: response.status, headers: response.headers, body: isJson ? (JSON.parse(text) as unknown) : text }
  }
}
