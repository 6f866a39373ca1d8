import { createSecretKey, type KeyObject } from 'node:crypto'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'

import { Webhook } from 'standardwebhooks'

import { hmac } from './draft.ts'

/** Every so many the published library is asked as well; it is thirty times as slow as the own check. */
const libraryEvery = 50
/** A delivery waits in the inbox before it comes here; the receiver allows 300 s when it arrives. */
const toleranceSeconds = 600

/**
 * Takes what the receiver accepted, as it accepted it (`format: Original`), and verifies it once more with none of the
 * receiver's code: the oracle for "no false accept", whatever way a request took through the parsers.
 */
export class VerifyingSink {
  readonly verified = new Set<string>()
  /** What must never have been accepted: why, by event id. */
  readonly forged: string[] = []
  #secret: string | undefined
  #key: KeyObject | undefined
  #count = 0
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      this.#judge(request.headers, Buffer.concat(chunks))
      response.writeHead(204).end()
    })
  })

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve)
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  trust(secret: string): void {
    this.#secret = secret
    this.#key = createSecretKey(Buffer.from(secret.slice('whsec_'.length), 'base64'))
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #judge(headers: IncomingHttpHeaders, body: Buffer): void {
    const id = String(headers['x-gemini-webhook-id'])
    const timestamp = String(headers['x-gemini-webhook-timestamp'])
    const signature = String(headers['x-gemini-webhook-signature'])
    const problem = this.#problemOf({ id, timestamp, signature, body })
    if (problem === undefined) this.verified.add(id)
    else this.forged.push(`${id}: ${problem}`)
  }

  #problemOf(given: { id: string; timestamp: string; signature: string; body: Buffer }): string | undefined {
    const { id, timestamp, signature, body } = given
    if (this.#key === undefined || this.#secret === undefined) return 'nothing is trusted yet'
    if (!/^\d+$/.test(timestamp)) return 'the timestamp is no number'
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) return 'stale'
    if (!signature.split(' ').includes(`v1,${hmac(this.#key, given)}`)) return 'not signed with the secret'
    this.#count += 1
    if (this.#count % libraryEvery !== 0) return undefined
    try {
      const named = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature }
      new Webhook(this.#secret).verify(body.toString('utf8'), named)
      return undefined
    } catch (error) {
      return `refused by the published library: ${String(error)}`
    }
  }
}
