import type { AdminRoute, GivenTo } from './route.ts'

/** What is asked with, as a request that `readGiven` reads; `target` is the path with its query. */
export function writeGiven<Route extends AdminRoute>(
  { method, path }: Route,
  given: GivenTo<Route> | undefined,
): { target: string; body: string } {
  if (method === 'POST') return { target: path, body: given === undefined ? '' : JSON.stringify(given) }
  const query = new URLSearchParams()
  for (const [field, value] of Object.entries(given ?? {})) query.set(field, String(value))
  return { target: query.size === 0 ? path : `${path}?${query.toString()}`, body: '' }
}
