/**
 * Whether two values have the same JSON but for the order of keys; members that are undefined count as absent.
 * Allocates nothing: every pass compares.
 */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true
  if (!isObject(a) || !isObject(b)) return false
  if (Array.isArray(a) || Array.isArray(b)) return Array.isArray(a) && Array.isArray(b) && isSameList(a, b)
  let differs = 0
  for (const key in a) {
    if (a[key] === undefined) continue
    if (!isSameJson(a[key], b[key])) return false
    differs += 1
  }
  for (const key in b) if (b[key] !== undefined) differs -= 1
  return differs === 0
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((member, index) => isSameJson(member, b[index]))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
