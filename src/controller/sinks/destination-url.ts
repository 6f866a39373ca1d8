import { httpUrlPattern } from '../../api/field-types.ts'
import type { SinkUriSecret } from '../../api/sink.ts'
import { sinkCredentialsSecretType } from '../../api/names.ts'
import { ok, problem, type Result } from '../../result.ts'
import { openCredentials, type CredentialsLookup } from './sink-credentials.ts'

/** As long as `uri` may be. */
const maxUrlCharacters = 2048

/** The URL that events are sent to, in its normal form. The problem never says what stands in the text. */
export function readDestinationUrl(text: string): Result<string> {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return problem('is no http or https URL: correct it')
  }
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    return problem('has userinfo or a fragment: remove it; credentials belong in auth.headersSecretRef')
  }
  return ok(url.href)
}

/**
 * The URL that a Secret of our own type holds under a key. What the API server refuses in `uri` is refused here, where
 * nobody has looked at the text before.
 */
export function readSecretUrl({ name, key }: SinkUriSecret, lookup: CredentialsLookup | undefined): Result<string> {
  if (lookup === undefined || lookup.state === 'missing') {
    return problem(
      `Secret ${name} does not exist: create it with the type ${sinkCredentialsSecretType} and the URL under the key "${key}"`,
    )
  }
  if (lookup.state === 'failed') return problem(`Secret ${name} could not be read; it is tried again`)
  const opened = openCredentials(lookup)
  if (!opened.ok) return opened
  const text = opened.value.data.get(key)
  if (text === undefined) return problem(`Secret ${name} has no key "${key}": add it, with the URL as its value`)
  const where = `Secret ${name}: the value of key "${key}"`
  if (text.length > maxUrlCharacters) {
    return problem(`${where} is longer than the ${maxUrlCharacters} characters that a URL may have: correct it`)
  }
  const url = readDestinationUrl(text)
  if (!url.ok) return problem(`${where} ${url.problem}`)
  if (!httpUrlPattern.test(text)) {
    return problem(
      `${where} is no URL with a plain host name, without blanks, line breaks, userinfo and fragment: correct it`,
    )
  }
  return url
}
