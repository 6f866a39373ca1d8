import { randomBytes } from 'node:crypto'

import type { Switches } from './switches.ts'

const lowercaseAlphanumerics = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Ids of the service: 36 lowercase letters and digits. */
export function mintId(): string {
  return Array.from(randomBytes(36), (byte) => lowercaseAlphanumerics[byte % lowercaseAlphanumerics.length]).join('')
}

/** A new signing secret: `whsec_` and base64, in the form that the switches ask for. */
export function mintSecret(form: Pick<Switches, 'secretBytes' | 'secretPadding' | 'secretAlphabet'>): string {
  let encoded: string
  do encoded = randomBytes(form.secretBytes).toString('base64')
  while (form.secretAlphabet === 'alphanumeric' && /[+/]/.test(encoded))
  return `whsec_${form.secretPadding === 'padded' ? encoded : encoded.replace(/=+$/, '')}`
}
