import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** A chat's incoming webhook. */
export interface ChatWebhook {
  readonly port: number
  /** The only path that is answered. Whoever knows it may write into the channel. */
  readonly path: string
  /** The texts that have come, oldest first; at most the last thousand. */
  readonly texts: readonly string[]
  /** With what it has answered, in order; at most the last thousand. */
  readonly statuses: readonly number[]
  /** The next so many requests are answered with 429 and `Retry-After` of one second. */
  limitNext(count: number): void
  close(): Promise<void>
}

export interface ChatWebhookOptions {
  host: string
  /** 0: any free one. */
  port: number
  path: string
}

const maxKept = 1_000

/**
 * A stand-in for the incoming webhook of a chat, as strict as Slack's, of which its documentation tells: `ok` for JSON
 * with a `text`, 400 for anything else, a CloudEvent included, 404 for another path.
 */
export async function startChatWebhook({ host, port, path }: ChatWebhookOptions): Promise<ChatWebhook> {
  const texts: string[] = []
  const statuses: number[] = []
  let limited = 0
  const take = async (request: IncomingMessage): Promise<[status: number, answer: string]> => {
    if (request.url !== path) return [404, 'no_service']
    if (request.method !== 'POST') return [400, 'invalid_payload']
    const message: unknown = await json(request).catch(() => undefined)
    if (!request.headers['content-type']?.startsWith('application/json')) return [400, 'invalid_payload']
    if (typeof message !== 'object' || message === null) return [400, 'invalid_payload']
    if (!('text' in message) || typeof message.text !== 'string' || message.text === '') return [400, 'no_text']
    if (limited > 0) {
      limited -= 1
      return [429, 'rate_limited']
    }
    keep(texts, message.text)
    return [200, 'ok']
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    void take(request).then(([status, answer]) => {
      keep(statuses, status)
      response.writeHead(status, status === 429 ? { 'retry-after': '1' } : {}).end(answer)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    path,
    texts,
    statuses,
    limitNext: (count) => (limited = count),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function keep<T>(list: T[], value: T): void {
  list.push(value)
  list.splice(0, list.length - maxKept)
}
