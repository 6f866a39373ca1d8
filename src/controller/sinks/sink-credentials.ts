import { signingSecretKeys, sinkCredentialsSecretType, sinkTlsKeys } from '../../api/names.ts'
import type { SinkDestination, SinkSpec } from '../../api/sink.ts'
import { headerFault } from '../../contract/keyring/sent-headers.ts'
import type { Secret } from '../../kubernetes/core-kinds.ts'
import { ok, problem, type Result } from '../../result.ts'
import type { Lookup } from '../facts/lookup.ts'

/** `tooLarge`: it is there, and holds far more than sinks can use. */
export type CredentialsLookup = Lookup<Secret> | { state: 'tooLarge'; name: string }

export interface SinkCredentials {
  headers: Record<string, string>
  signingSecret?: string
}

const maxHeaders = 16
const maxBytes = 8 * 1024
/**
 * Of all that one Secret holds, with a bundle of authorities in mind. More is neither held while its object is looked
 * at, nor decoded, nor searched.
 */
const maxSecretBytes = 64 * 1024

/** What is not sent as a header: one Secret may hold everything that a sink needs. */
const otherKeys: ReadonlySet<string> = new Set([signingSecretKeys.current, ...Object.values(sinkTlsKeys)])

/** Names of the Secrets that sinks take credentials and URLs from, dead letters included. */
export function credentialsOf(sinks: readonly SinkSpec[]): string[] {
  return destinationsOf(sinks)
    .flatMap(({ uriSecretRef, auth }) => [
      uriSecretRef?.name,
      auth?.headersSecretRef?.name,
      auth?.signingSecretRef?.name,
      auth?.tlsSecretRef?.name,
    ])
    .filter((name) => name !== undefined)
}

/** Keys that hold a URL, by the name of their Secret. */
export type UrlKeys = ReadonlyMap<string, ReadonlySet<string>>

/** What the sinks of one object take URLs from: it is never sent as a header, one Secret may hold both. */
export function urlKeysOf(sinks: readonly SinkSpec[]): UrlKeys {
  const refs = destinationsOf(sinks).flatMap(({ uriSecretRef }) => uriSecretRef ?? [])
  return new Map(
    [...Map.groupBy(refs, ({ name }) => name)].map(([name, of]) => [name, new Set(of.map(({ key }) => key))]),
  )
}

function destinationsOf(sinks: readonly SinkSpec[]): SinkDestination[] {
  return sinks.flatMap((sink) => (sink.deadLetter === undefined ? [sink] : [sink, sink.deadLetter]))
}

/** What may be held of a Secret that sinks name: there may be eight for each sink, of 1 MiB each. */
export function boundCredentials(lookup: Lookup<Secret>): CredentialsLookup {
  if (lookup.state !== 'found') return lookup
  const { data = {}, metadata } = lookup.value
  const bytes = Object.values(data).reduce((sum, base64) => sum + Buffer.byteLength(base64, 'base64'), 0)
  return bytes > maxSecretBytes ? { state: 'tooLarge', name: metadata.name } : lookup
}

/** Headers and signing secret of a Secret of our own type. Messages name keys, never values. */
export function readSinkCredentials(lookup: CredentialsLookup | undefined, urlKeys: UrlKeys): Result<SinkCredentials> {
  const opened = openCredentials(lookup)
  if (!opened.ok) return opened
  const { name, data } = opened.value
  const headers = [...data].filter(([key]) => !otherKeys.has(key) && urlKeys.get(name)?.has(key) !== true)
  if (headers.length > maxHeaders) return problem(`Secret ${name} has ${headers.length} headers; at most ${maxHeaders}`)
  const bytes = headers.reduce((sum, [key, value]) => sum + key.length + Buffer.byteLength(value), 0)
  if (bytes > maxBytes) return problem(`Secret ${name} holds ${bytes} bytes of headers; at most ${maxBytes} are sent`)
  for (const [key, value] of headers) {
    const fault = headerFault(key, value)
    if (fault === 'name') {
      return problem(`Secret ${name}: key "${key}" may not be sent as a header: remove it`)
    }
    if (fault === 'value') {
      return problem(`Secret ${name}: the value of key "${key}" is not printable ASCII: correct it`)
    }
  }
  const signingSecret = data.get(signingSecretKeys.current)
  return ok({ headers: Object.fromEntries(headers), ...(signingSecret !== undefined && { signingSecret }) })
}

/**
 * What a Secret of our own type holds. Any other type is refused: a user who may create a GeminiWebhook but not read
 * Secrets must not be able to send another user's Secret to a destination.
 */
export function openCredentials(
  lookup: CredentialsLookup | undefined,
): Result<{ name: string; data: ReadonlyMap<string, string> }> {
  if (lookup === undefined || lookup.state === 'missing') return problem('the Secret does not exist: create it')
  if (lookup.state === 'failed') return problem('the Secret could not be read; it is tried again')
  if (lookup.state === 'tooLarge') {
    return problem(
      `Secret ${lookup.name} holds more than ${maxSecretBytes} bytes: keep in it what the sink needs alone`,
    )
  }
  const { type, data = {}, metadata } = lookup.value
  if (type !== sinkCredentialsSecretType) {
    return problem(`Secret ${metadata.name} is not of type ${sinkCredentialsSecretType}: only such Secrets may be sent`)
  }
  const decoded = Object.entries(data).map(([key, value]) => [key, decode(value)] as const)
  return ok({ name: metadata.name, data: new Map(decoded) })
}

/** Secrets made from files often end in a newline, which no header may. */
function decode(base64: string): string {
  return Buffer.from(base64, 'base64')
    .toString('utf8')
    .replace(/\r?\n$/, '')
}
