import type { ResolvConf } from './resolv-conf.ts'

const maxNameLength = 253
const labelPattern = /^[^\s.\0]{1,63}$/

/**
 * The full names to ask for, one after the other until one exists. A trailing dot says that the name is full as it
 * stands. Empty: no name server could hold such a name.
 */
export function searchList(name: string, { search, ndots }: Pick<ResolvConf, 'search' | 'ndots'>): string[] {
  const isFull = name.endsWith('.')
  const bare = isFull ? name.slice(0, -1) : name
  const dots = bare.split('.').length - 1
  const below = isFull ? [] : search.map((domain) => `${bare}.${domain}`)
  const ordered = dots >= ndots ? [bare, ...below] : [...below, bare]
  return [...new Set(ordered)].filter(isName)
}

function isName(name: string): boolean {
  return name.length <= maxNameLength && name.split('.').every((label) => labelPattern.test(label))
}
