import { readFileSync } from 'node:fs'
import { createServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'

import { systemClock } from '../../../src/clock.ts'
import { parseEnvelope } from '../../../src/gemini/parse-event.ts'
import type { ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { createHttpSink } from '../../../src/sinks/http-sink.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'
import { anOutgoing, aSink } from '../builders/deliveries.ts'

const never = new AbortController().signal
const pem = (name: string) => readFileSync(`test/fixtures/tls/${name}.pem`, 'utf8')
export const server = (n: 1 | 2) => ({ cert: pem(`server-${n}.cert`), key: pem(`server-${n}.key`) })
export const client = (n: 1 | 2) => ({ cert: pem(`client-${n}.cert`), key: pem(`client-${n}.key`) })
export const authority = (n: 1 | 2) => pem(`authority-${n}.cert`)

/** Keeps who came: the common name of each request's client certificate. */
export async function anHttpsServer(t: TestContext, options: ServerOptions) {
  const clients: string[] = []
  const https = createServer(options, (request, response) => {
    const { subject } = (request.socket as TLSSocket).getPeerCertificate() as { subject?: { CN: string } }
    clients.push(subject?.CN ?? '')
    request.resume()
    response.writeHead(204).end()
  })
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    https.close()
    https.closeAllConnections()
  })
  const { port } = https.address() as AddressInfo
  return { url: `https://127.0.0.1:${port}/`, https, clients }
}

export function aSender(t: TestContext) {
  const addressRules = createAddressRules({ allowLoopback: true })
  const sink = createHttpSink({ parseEnvelope, clock: systemClock, addressRules })
  t.after(() => sink.close())
  return (url: string, { ca, ...given }: Partial<ResolvedSink> & { ca?: string } = {}): Promise<SendOutcome> => {
    const destination = { type: 'http', url, reach: 'cluster', ...(ca !== undefined && { ca }) } as const
    return sink.send(anOutgoing({ sink: aSink({ destination, ...given }) }), never)
  }
}
