import { appliedKeysAnnotation } from '../../api/names.ts'
import type { SecretTemplate, SecretTemplateKey } from '../../api/secret-template.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'

/**
 * The keys that a spec's template adds to the Secret. They are written with the signing secrets in one write; an
 * annotation names them, so that what the template drops is removed, and what others put there stays.
 */

interface Secrets {
  current: string
  previous?: string
}

/** What is known of a Secret whose data may have more than our three keys. */
interface Templated {
  secrets: Partial<Secrets>
  /** In base64, as `data` has it. */
  otherData: Readonly<Record<string, string>>
  annotations: Readonly<Record<string, string>>
}

/**
 * What the template's keys hold, in base64 as `data` takes it. A key is left out where there is nothing to put into it:
 * there is no previous secret, or the format cannot hold the one that there is.
 */
export function templateData(template: SecretTemplate | undefined, secrets: Partial<Secrets>): Record<string, string> {
  return Object.fromEntries(
    (template?.keys ?? []).flatMap((entry): [string, string][] => {
      const text = textOf(entry, secrets)
      return text === undefined ? [] : [[entry.key, Buffer.from(text, 'utf8').toString('base64')]]
    }),
  )
}

/** The annotation that names the template's keys; empty where there are none. */
export function templateRecord(template: SecretTemplate | undefined): Record<string, string> {
  const keys = (template?.keys ?? []).map(({ key }) => key).toSorted()
  return keys.length === 0 ? {} : { [appliedKeysAnnotation]: keys.join(',') }
}

/** What others put into the data of the Secret: all but what a template had when it was last written. */
export function foreignData({ otherData, annotations }: Templated): Record<string, string> {
  const applied = new Set((annotations[appliedKeysAnnotation] ?? '').split(','))
  return Object.fromEntries(Object.entries(otherData).filter(([key]) => !applied.has(key)))
}

/** Whether the Secret holds what the template asks for, and nothing that it asked for before. */
export function followsTemplate(template: SecretTemplate | undefined, actual: Templated): boolean {
  const wanted = templateData(template, actual.secrets)
  return (
    actual.annotations[appliedKeysAnnotation] === templateRecord(template)[appliedKeysAnnotation] &&
    (template?.keys ?? []).every(({ key }) => actual.otherData[key] === wanted[key])
  )
}

/** Characters that mean themselves in a `.env` file, however it is read. */
const plainPattern = /^[A-Za-z0-9_+/=.:-]+$/

function textOf({ format, secret, variable }: SecretTemplateKey, { current, previous }: Partial<Secrets>) {
  const chosen = secret === 'Previous' ? previous : current
  if (chosen === undefined) return undefined
  switch (format) {
    case undefined:
    case 'Text':
      return chosen
    case 'Base64':
      return rawKeyOf(chosen)
    case 'DotEnv':
      return variable !== undefined && plainPattern.test(chosen) ? `${variable}=${chosen}\n` : undefined
    case 'JSON':
      return JSON.stringify({ signingSecret: current, previousSigningSecret: previous })
  }
}

/** Standard base64 with padding, whichever way Google wrote it. */
function rawKeyOf(secret: string): string | undefined {
  const decoded = decodeIssuedSecret(secret)
  return decoded.ok ? decoded.value.export().toString('base64') : undefined
}
