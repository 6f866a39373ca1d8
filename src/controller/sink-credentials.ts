import { signingSecretKeys, sinkCredentialsSecretType } from '../api/names.ts'
import { isReservedHeader } from '../keyring/reserved-headers.ts'
import type { Secret } from './kinds.ts'
import type { Lookup } from './lookup.ts'

export type CredentialsLookup = Lookup<Secret>

export interface SinkCredentials {
  headers: Record<string, string>
  signingSecret?: string
}

const maxHeaders = 16
const maxBytes = 8 * 1024
const headerName = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/
/** A header value that no proxy will split or cut: printable, no line breaks. */
const headerValue = /^[\x20-\x7e\t]*$/

/**
 * Reads a Secret of our own type. Any other type is refused: whoever may create a GeminiWebhook but not read Secrets must not be able to send
 * somebody's Secret away. Messages name keys, never values.
 */
export function readSinkCredentials(
  lookup: CredentialsLookup | undefined,
): { ok: true; value: SinkCredentials } | { ok: false; message: string } {
  if (lookup === undefined || lookup.state === 'missing') return refuse('the Secret does not exist: create it')
  if (lookup.state === 'failed') return refuse('the Secret could not be read; it is tried again')
  const { type, data = {}, metadata } = lookup.value
  if (type !== sinkCredentialsSecretType) {
    return refuse(`Secret ${metadata.name} is not of type ${sinkCredentialsSecretType}: only such Secrets may be sent`)
  }
  const decoded = Object.entries(data).map(([key, value]) => [key, decode(value)] as const)
  const headers = decoded.filter(([key]) => key !== signingSecretKeys.current)
  if (headers.length > maxHeaders)
    return refuse(`Secret ${metadata.name} has ${headers.length} headers; at most ${maxHeaders}`)
  const bytes = decoded.reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0)
  if (bytes > maxBytes) return refuse(`Secret ${metadata.name} holds ${bytes} bytes; at most ${maxBytes} are sent`)
  for (const [key, value] of headers) {
    if (!headerName.test(key) || isReservedHeader(key)) {
      return refuse(`Secret ${metadata.name}: key "${key}" may not be sent as a header: remove it`)
    }
    if (!headerValue.test(value)) {
      return refuse(`Secret ${metadata.name}: the value of key "${key}" is not printable ASCII: correct it`)
    }
  }
  const signingSecret = decoded.find(([key]) => key === signingSecretKeys.current)?.[1]
  return {
    ok: true,
    value: { headers: Object.fromEntries(headers), ...(signingSecret !== undefined && { signingSecret }) },
  }
}

function refuse(message: string): { ok: false; message: string } {
  return { ok: false, message }
}

/** Secrets made from files often end in a newline, which no header may. */
function decode(base64: string): string {
  return Buffer.from(base64, 'base64')
    .toString('utf8')
    .replace(/\r?\n$/, '')
}
