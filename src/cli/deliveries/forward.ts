import { randomBytes, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'

import type { Clock } from '../../clock.ts'
import type { ArrivedEntry } from '../../contract/admin-api/deliveries.ts'
import type { Outbound } from '../../outbound/open-outbound.ts'
import { ProxyError } from '../../outbound/proxy-error.ts'
import { signatureHeader } from '../../signature/sign.ts'
import { decodeSigningSecret } from '../../signature/signing-secret.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'

/** What became of one event at the address that it was forwarded to. */
export interface Forwarded {
  readonly eventId: string
  readonly namespace: string
  readonly name: string
  /** What the address answered; else `cause` says why no answer came. */
  readonly status?: number
  readonly cause?: string
  readonly durationMs: number
}

/** What forwarded events are signed with. `text` is told once, where the secret was made for this run. */
interface ForwardSecret {
  readonly key: KeyObject
  readonly text?: string
}

/** The strength of the secrets that Google issues. */
const secretBytes = 32

/** The secret in a file, or a new one. Throws with what is wrong with the file, never with what is in it. */
export async function openForwardSecret(file: string | undefined): Promise<ForwardSecret> {
  const text = file === undefined ? `whsec_${randomBytes(secretBytes).toString('base64')}` : await textIn(file)
  const decoded = decodeSigningSecret(text)
  if (!decoded.ok) throw new Error(`--forward-secret-file: ${file}: the secret ${decoded.problem}`)
  return file === undefined ? { key: decoded.value, text } : { key: decoded.value }
}

async function textIn(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).trim()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable'
    throw new Error(`--forward-secret-file: ${file}: cannot be read (${code})`, { cause: error })
  }
}

interface ForwardDeps {
  readonly url: string
  readonly key: KeyObject
  readonly timeoutMs: number
  readonly clock: Clock
  readonly outbound: Pick<Outbound, 'request'>
}

/**
 * Sends an event as Google would have sent it there: the same bytes and id, the time of now, signed anew. Tried once:
 * what the address does with it changes nothing in the inbox.
 */
export async function forward(event: ArrivedEntry, { url, key, timeoutMs, clock, outbound }: ForwardDeps) {
  const { eventId, namespace, name, contentType, bodyBase64 } = event
  const { origin, pathname, search } = new URL(url)
  const body = Buffer.from(bodyBase64, 'base64')
  const timestamp = String(Math.floor(clock.now() / 1000))
  const headers = {
    'content-type': contentType === '' ? 'application/json' : contentType,
    'webhook-id': eventId,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatureHeader({ id: eventId, timestamp }, body, [key]),
  }
  const startedMs = clock.monotonic()
  const signal = AbortSignal.timeout(timeoutMs)
  const end = (how: { status: number } | { cause: string }): Forwarded => {
    return { eventId, namespace, name, ...how, durationMs: Math.round(clock.monotonic() - startedMs) }
  }
  try {
    const path = `${pathname}${search}`
    const answer = await outbound.request({ origin, path, method: 'POST', headers, body, signal })
    await answer.body.dump({ limit: 16 * 1024, signal }).catch(() => {})
    return end({ status: answer.statusCode })
  } catch (error) {
    if (signal.aborted) return end({ cause: 'timeout' })
    return end({ cause: error instanceof ProxyError ? error.message : failureCauseOf(error) })
  }
}
