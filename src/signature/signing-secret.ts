import { createSecretKey, type KeyObject } from 'node:crypto'

import { ok, problem, type Result } from '../result.ts'

/**
 * The specification asks for 24 to 64 bytes; what the service issues is not documented, so the bounds leave room on
 * both sides.
 */
export const minSecretBytes = 16
export const maxSecretBytes = 128

const prefix = 'whsec_'
/**
 * Base64 has no `_`, so all before the last one is no part of the key. Asymmetric keys have prefixes of their own, and
 * are none that a service signs `v1` with.
 */
const issuedPrefix = /^(?!wh[ps]k_)[a-z][a-z0-9_]{0,31}_(?=[^_]*$)/
const base64Pattern = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Decodes `whsec_` + base64, padded or not, into the key it stands for. A KeyObject is a quarter of the cost of raw
 * bytes per verification, and it prints as nothing. The problem names what is wrong, never the text.
 */
export function decodeSigningSecret(text: string): Result<KeyObject> {
  if (!text.startsWith(prefix)) return problem(`does not start with ${prefix}`)
  return decodeKey(text.slice(prefix.length), prefix)
}

/**
 * The same for a secret that the service itself issued: whatever it writes before the base64, up to the last `_`, is a
 * prefix. A signature shows whether that was right; refusing the secret would only refuse all that it signs.
 */
export function decodeIssuedSecret(text: string): Result<KeyObject> {
  const [before] = issuedPrefix.exec(text) ?? []
  return before === undefined
    ? decodeSigningSecret(text)
    : decodeKey(text.slice(before.length), before === prefix ? prefix : 'its prefix')
}

function decodeKey(encoded: string, before: string): Result<KeyObject> {
  // Stryker disable next-line Regex: the pattern below allows padding at the end only, and decoding ignores what is left of it
  const digits = encoded.replace(/=+$/, '')
  const isPadded = digits.length !== encoded.length
  if (!base64Pattern.test(encoded) || digits.length % 4 === 1 || (isPadded && encoded.length % 4 !== 0)) {
    return problem(`is not base64 after ${before}`)
  }
  const bytes = Buffer.from(digits, 'base64')
  if (bytes.length < minSecretBytes || bytes.length > maxSecretBytes) {
    return problem(`holds ${bytes.length} bytes; expected ${minSecretBytes} to ${maxSecretBytes}`)
  }
  return ok(createSecretKey(bytes))
}
