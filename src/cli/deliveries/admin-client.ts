import { request, type IncomingMessage } from 'node:http'
import { createInterface } from 'node:readline'
import type { Duplex } from 'node:stream'

import { isRecord } from '../json-fields.ts'

/** A replay of a thousand deliveries, with every write synced, takes some seconds. */
const answerTimeoutMs = 60_000

interface AdminCall {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
}

/** The admin API of one receiver, a connection for each request. */
export class AdminClient {
  readonly #connect: () => Promise<Duplex>

  constructor(connect: () => Promise<Duplex>) {
    this.#connect = connect
  }

  /** The JSON of the answer. Throws with what the receiver says when it refuses. */
  async ask(call: AdminCall): Promise<unknown> {
    const response = await this.#send(call, answerTimeoutMs)
    const chunks: Buffer[] = []
    for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk)
    const json = parse(Buffer.concat(chunks).toString('utf8'))
    if (response.statusCode === 200) return json
    const { error = 'no reason given' } = isRecord(json) ? json : {}
    throw new Error(`the receiver answered ${response.statusCode}: ${String(error)}`)
  }

  /** Calls back with each line of a stream until it ends. */
  async follow(path: string, onLine: (entry: unknown) => void): Promise<void> {
    const response = await this.#send({ method: 'GET', path }, 0)
    if (response.statusCode !== 200) throw new Error(`the receiver answered ${response.statusCode}`)
    for await (const line of createInterface({ input: response })) {
      if (line !== '') onLine(parse(line))
    }
  }

  async #send({ method, path, body }: AdminCall, timeoutMs: number): Promise<IncomingMessage> {
    const socket = await this.#connect()
    const text = body === undefined ? '' : JSON.stringify(body)
    const headers = {
      host: 'localhost',
      'x-gwh-admin': 'gwh',
      connection: 'close',
      'content-length': Buffer.byteLength(text),
    }
    return new Promise((resolve, reject) => {
      const call = request({ method, path, headers, timeout: timeoutMs, createConnection: () => socket }, resolve)
      call.once('error', reject)
      call.once('timeout', () => call.destroy(new Error(`no answer in ${timeoutMs} ms`)))
      call.end(text)
    })
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
