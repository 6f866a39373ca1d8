import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'

import { sinkTlsKeys } from '../../api/names.ts'
import { ok, problem, type Result } from '../../result.ts'
import { openCredentials, type CredentialsLookup } from './sink-credentials.ts'

export interface SinkTls {
  /** PEM; replaces the system's certificate authorities. */
  ca?: string
  clientCertificate?: { cert: string; key: string }
}

/**
 * Reads what a sink's TLS needs from a Secret of our own type, and makes sure that it can be used: a mistake is
 * reported when it is made, not at the first event.
 */
export function readSinkTls(lookup: CredentialsLookup | undefined): Result<SinkTls> {
  const opened = openCredentials(lookup)
  if (!opened.ok) return opened
  const { name, data } = opened.value
  const ca = data.get(sinkTlsKeys.ca)
  const cert = data.get(sinkTlsKeys.cert)
  const key = data.get(sinkTlsKeys.key)
  if (ca === undefined && cert === undefined && key === undefined) {
    return problem(
      `Secret ${name} has neither ${sinkTlsKeys.ca} nor ${sinkTlsKeys.cert} with ${sinkTlsKeys.key}: add them`,
    )
  }
  if (ca !== undefined && !areCertificates(ca)) {
    return problem(`Secret ${name}: key "${sinkTlsKeys.ca}" is not a list of certificates in PEM: correct it`)
  }
  if (cert === undefined && key === undefined) return ok({ ...(ca !== undefined && { ca }) })
  if (cert === undefined || key === undefined) {
    return problem(`Secret ${name}: ${sinkTlsKeys.cert} and ${sinkTlsKeys.key} belong together: add the other one`)
  }
  const mismatch = pairProblem(cert, key)
  if (mismatch !== undefined) return problem(`Secret ${name}: ${mismatch}`)
  return ok({ ...(ca !== undefined && { ca }), clientCertificate: { cert, key } })
}

function pairProblem(certText: string, keyText: string): string | undefined {
  const [cert] = blocksOf(certText).map(parseCertificate)
  if (cert === undefined || !areCertificates(certText)) {
    return `key "${sinkTlsKeys.cert}" is not a certificate in PEM, with its intermediates behind it: correct it`
  }
  const key = parseKey(keyText)
  if (key === undefined) return `key "${sinkTlsKeys.key}" is not an unencrypted private key in PEM: correct it`
  return cert.checkPrivateKey(key)
    ? undefined
    : `${sinkTlsKeys.key} is not the key of the certificate: correct one of them`
}

/** One or more, and each can be read. Text around them is fine, as in the bundles that people pass around. */
export function areCertificates(text: string): boolean {
  const blocks = blocksOf(text)
  return blocks.length > 0 && blocks.every((block) => parseCertificate(block) !== undefined)
}

const begin = '-----BEGIN CERTIFICATE-----'
const end = '-----END CERTIFICATE-----'

/**
 * Each certificate of a PEM text, without what stands around them. One pass over the text: an expression would look for
 * the end again from each beginning, and a text of beginnings alone would hold the controller for half a minute.
 */
export function blocksOf(text: string): string[] {
  const blocks: string[] = []
  let start = text.indexOf(begin)
  while (start >= 0) {
    const stop = text.indexOf(end, start + begin.length + 1)
    if (stop < 0) return blocks
    blocks.push(text.slice(start, stop + end.length))
    start = text.indexOf(begin, stop + end.length)
  }
  return blocks
}

function parseCertificate(block: string): X509Certificate | undefined {
  try {
    return new X509Certificate(block)
  } catch {
    return undefined
  }
}

function parseKey(text: string): KeyObject | undefined {
  try {
    return createPrivateKey(text)
  } catch {
    return undefined
  }
}
