import type { SinkAuth } from '../../api/sink.ts'
import type { Destination, DestinationCredentials } from '../../contract/keyring/entry.ts'
import { ok } from '../../result.ts'
import { invalid, type Resolved } from '../facts/resolved.ts'
import { readSinkCredentials, type CredentialsLookup, type UrlKeys } from './sink-credentials.ts'
import { blocksOf, readSinkTls } from './sink-tls.ts'

export interface AuthLookups {
  /** Secrets, by name. */
  credentials: ReadonlyMap<string, CredentialsLookup>
  urlKeys: UrlKeys
}

export interface SecuredDestination {
  destination: Destination
  credentials: DestinationCredentials
}

/**
 * What a destination is sent besides events, and the destination with the authorities that its certificate is checked
 * with. Pure; of a sink and of its dead letter alike.
 */
export function resolveAuth(
  destination: Destination,
  auth: SinkAuth | undefined,
  field: string,
  lookups: AuthLookups,
): Resolved<SecuredDestination> {
  const sent = resolveCredentials(auth, field, lookups)
  if (!sent.ok) return sent
  const secured = secure(destination, auth, field, lookups)
  if (!secured.ok) return secured
  const { clientCertificate } = secured.value
  return ok({
    destination: secured.value.destination,
    credentials: { ...sent.value, ...(clientCertificate !== undefined && { clientCertificate }) },
  })
}

function resolveCredentials(
  auth: SinkAuth | undefined,
  field: string,
  { credentials, urlKeys }: AuthLookups,
): Resolved<Pick<DestinationCredentials, 'headers' | 'signingSecret'>> {
  const { headersSecretRef, signingSecretRef } = auth ?? {}
  const headers = headersSecretRef && readSinkCredentials(credentials.get(headersSecretRef.name), urlKeys)
  if (headers?.ok === false) return invalid(`${field}.auth.headersSecretRef: ${headers.problem}`)
  const signing = signingSecretRef && readSinkCredentials(credentials.get(signingSecretRef.name), urlKeys)
  if (signing?.ok === false) return invalid(`${field}.auth.signingSecretRef: ${signing.problem}`)
  const signingSecret = signing?.value.signingSecret
  if (signing !== undefined && signingSecret === undefined) {
    return invalid(`${field}.auth.signingSecretRef: the Secret has no key signing-secret: add it`)
  }
  return ok({ headers: headers?.value.headers ?? {}, ...(signingSecret !== undefined && { signingSecret }) })
}

/**
 * The destination with the authorities and the client certificate of the sink; what is meant for TLS must not be
 * forgotten on a plain connection.
 */
function secure(
  destination: Destination,
  auth: SinkAuth | undefined,
  field: string,
  { credentials }: AuthLookups,
): Resolved<Pick<DestinationCredentials, 'clientCertificate'> & { destination: Destination }> {
  const ref = auth?.tlsSecretRef
  if (ref === undefined) return ok({ destination })
  if (destination.type !== 'http' || !destination.url.startsWith('https:')) {
    return invalid(`${field}.auth.tlsSecretRef: the destination is not https: make it so, or remove tlsSecretRef`)
  }
  const tls = readSinkTls(credentials.get(ref.name))
  if (!tls.ok) return invalid(`${field}.auth.tlsSecretRef: ${tls.problem}`)
  const { clientCertificate } = tls.value
  // Each once: a destination that was taken from the keyring has those of the Secret already.
  const ca = [...new Set([destination.ca, tls.value.ca].flatMap((pem) => blocksOf(pem ?? '')))].join('\n')
  return ok({
    destination: { ...destination, ...(ca !== '' && { ca }) },
    ...(clientCertificate !== undefined && { clientCertificate }),
  })
}
