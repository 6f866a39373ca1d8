/** What a JSON answer holds, looked at without believing it. */

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A list of objects that an answer carries under a name; empty where it does not. */
export function recordsIn(answer: unknown, name: string): Record<string, unknown>[] {
  const list: unknown = isRecord(answer) ? answer[name] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}

export function textIn(answer: unknown, name: string): string | undefined {
  const value: unknown = isRecord(answer) ? answer[name] : undefined
  return typeof value === 'string' ? value : undefined
}
