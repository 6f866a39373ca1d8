import type { Outbound } from './open-outbound.ts'
import { maxAnswerBytes, readBounded } from './read-bounded.ts'

/** Statuses whose answers have no body; `Response` refuses one. */
const withoutBody = new Set([204, 205, 304])

/**
 * The way out in the shape of `fetch`, for libraries that bring requests of Node's own classes. Answers whole and at
 * most 8 MiB, never follows a redirect, and throws the errors that `fetch` would throw: a TypeError whose cause is the
 * failure.
 */
export function fetchThrough(outbound: Outbound): typeof fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    // Held by us as well: Node holds the signal that a Request follows only weakly.
    const signal = init?.signal ?? (input instanceof Request ? input.signal : request.signal)
    const { origin, pathname, search } = new URL(request.url)
    const body = request.body === null ? null : Buffer.from(await request.arrayBuffer())
    try {
      const answer = await outbound.request({
        origin,
        path: pathname + search,
        method: request.method,
        headers: Object.fromEntries(request.headers),
        body,
        signal,
      })
      const content = await readBounded(answer.body, maxAnswerBytes)
      const { statusCode: status } = answer
      return new Response(withoutBody.has(status) ? null : content, { status, headers: headersOf(answer.headers) })
    } catch (error) {
      if (signal.aborted) throw signal.reason
      throw new TypeError('fetch failed', { cause: error })
    }
  }
}

function headersOf(received: Readonly<Record<string, string | string[] | undefined>>): Headers {
  const headers = new Headers()
  for (const [name, value] of Object.entries(received)) {
    for (const each of [value ?? []].flat()) headers.append(name, each)
  }
  return headers
}
