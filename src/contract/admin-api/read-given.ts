import type { AdminRoute, ReadBy } from './route.ts'
import { problemOf } from './problem-of.ts'

/** What a request came with. */
export interface Came {
  readonly query: Readonly<Record<string, string>>
  readonly body: string
}

/** The input of a route, or what is wrong with it. */
export function readGiven<Route extends AdminRoute>(
  { method, given, refusal }: Route,
  { query, body }: Came,
): { read: ReadBy<Route> } | { problem: string } {
  const parsed = given.safeParse(method === 'GET' ? query : jsonOf(body))
  if (parsed.success) return { read: parsed.data as ReadBy<Route> }
  return { problem: refusal ?? problemOf(parsed.error.issues) }
}

/** Undefined where it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
