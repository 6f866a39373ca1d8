/**
 * What Kubernetes takes as the key of a label or an annotation: at most 63 characters, and before them, if given, a DNS
 * name of at most 253 and a slash. An annotation may have capitals in that name, a label may not. No bound on the name
 * in the patterns: JavaScript and RE2 agree on these only.
 */
const name = '([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]'
const keyPattern = (letters: string) =>
  new RegExp(`^([${letters}]([-${letters}]*[${letters}])?([.][${letters}]([-${letters}]*[${letters}])?)*/)?${name}$`)

export const labelKeyPattern = keyPattern('a-z0-9')
export const annotationKeyPattern = keyPattern('A-Za-z0-9')

const maxPrefixLength = 253

/** A CEL condition on the keys of a map that may be absent. */
export function keysHoldCel(map: string, pattern: RegExp): string {
  // A slash of its source is escaped for JavaScript, which CEL's RE2 would refuse.
  const source = pattern.source.replaceAll('\\/', '/')
  return `!has(${map}) || ${map}.all(key, key.matches(r'${source}') && key.indexOf('/') <= ${maxPrefixLength})`
}

/** Its twin. */
export function keysHold(map: Readonly<Record<string, string>> | undefined, pattern: RegExp): boolean {
  return Object.keys(map ?? {}).every((key) => pattern.test(key) && key.indexOf('/') <= maxPrefixLength)
}
