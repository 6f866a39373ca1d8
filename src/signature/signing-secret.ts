import { createSecretKey, type KeyObject } from 'node:crypto'

import { ok, problem, type Result } from '../result.ts'

/**
 * The specification asks for 24 to 64 bytes; what the service issues is not documented, so the bounds leave room on
 * both sides.
 */
export const minSecretBytes = 16
export const maxSecretBytes = 128

const prefix = 'whsec_'
const base64Pattern = /^[A-Za-z0-9+/]+={0,2}$/

/**
 * Decodes `whsec_` + base64, padded or not, into the key it stands for. A KeyObject is a quarter of the cost of raw
 * bytes per verification, and it prints as nothing. The problem names what is wrong, never the text.
 */
export function decodeSigningSecret(text: string): Result<KeyObject> {
  if (!text.startsWith(prefix)) return problem(`does not start with ${prefix}`)
  const encoded = text.slice(prefix.length)
  // Stryker disable next-line Regex: the pattern below allows padding at the end only, and decoding ignores what is left of it
  const digits = encoded.replace(/=+$/, '')
  const isPadded = digits.length !== encoded.length
  if (!base64Pattern.test(encoded) || digits.length % 4 === 1 || (isPadded && encoded.length % 4 !== 0)) {
    return problem(`is not base64 after ${prefix}`)
  }
  const bytes = Buffer.from(digits, 'base64')
  if (bytes.length < minSecretBytes || bytes.length > maxSecretBytes) {
    return problem(`holds ${bytes.length} bytes; expected ${minSecretBytes} to ${maxSecretBytes}`)
  }
  return ok(createSecretKey(bytes))
}
