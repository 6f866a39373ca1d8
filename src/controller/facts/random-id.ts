/** Lower-case hex digits from the given source of chance: unique among the attempts of one object, not a secret. */
export function randomHex(digits: number, random: () => number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('')
}
