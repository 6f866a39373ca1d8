/** Google's text is for people; more than this does not help, and may contain what was sent. */
export const maxMessageCharacters = 200

/**
 * What must not be repeated even when the service repeats it: signing secrets, API keys, access tokens, keys in a query
 * string.
 */
const secretShapes: readonly RegExp[] = [
  /\bwh(?:sec|sk|pk)_[A-Za-z0-9+/=_-]+/g,
  // A signing secret with another prefix: no word of the API is as long.
  /\b[a-z][a-z0-9_]{0,31}_[A-Za-z0-9+/]{32,}={0,2}/g,
  /\bAIza[A-Za-z0-9_-]{8,}/g,
  /\bAQ\.[A-Za-z0-9_-]{8,}/g,
  /\bya29\.[A-Za-z0-9._-]{8,}/g,
  /\b(?:[Bb]earer|key=|token=)\s*[A-Za-z0-9+/=._~-]{8,}/g,
]

/**
 * One short line that is safe to publish. The given secrets and everything shaped like one are replaced before the text
 * is cut, because half a secret at the cut would no longer have the shape. Hints such as `whsec_...3frh` stay readable.
 */
export function cleanseText(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) if (secret !== '') clean = clean.replaceAll(secret, '[redacted]')
  for (const shape of secretShapes) clean = clean.replaceAll(shape, '[redacted]')
  const line = clean.replaceAll(/[\s\p{Cc}]+/gu, ' ').trim()
  const characters = Array.from(line)
  return characters.length <= maxMessageCharacters ? line : `${characters.slice(0, maxMessageCharacters - 1).join('')}…`
}
