/** Shorter parts of a URL are words such as `services`, which stand in many a log. */
const leastOfPart = 16
/** Shorter texts would be found by chance. */
const leastOfSecret = 8

/**
 * What must not stand in a log for the sake of one secret: the secret, what remains of it without a prefix that anybody
 * may know, and of a URL what is beyond its host, whole and in its long parts.
 */
export function needlesOf(secret: string): string[] {
  const url = /^https?:\/\//.test(secret) ? URL.parse(secret) : null
  const candidates = url === null ? [secret, secret.replace(/^wh(sec|sk)_/, '')] : [secret, ...beyondHost(url)]
  return [...new Set(candidates)].filter(({ length }) => length >= leastOfSecret)
}

function beyondHost({ pathname, search }: URL): string[] {
  const whole = pathname + search
  const parts = whole.split(/[/?&=]/).filter(({ length }) => length >= leastOfPart)
  return [whole, ...parts, ...parts.map(decoded)]
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
