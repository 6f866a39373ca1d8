import { maxAnswerBytes, readBounded } from './read-bounded.ts'

/** Statuses whose answers have no body; `Response` refuses one. */
const withoutBody = new Set([204, 205, 304])

/**
 * A `fetch` that answers whole and at most `maxBytes` (8 MiB), whatever the server sends: more is a TypeError, as other
 * failures on the way are.
 */
export function boundFetch(inner: typeof fetch, maxBytes = maxAnswerBytes): typeof fetch {
  return async (input, init) => {
    const answer = await inner(input, init)
    const { body, status, statusText, headers } = answer
    if (body === null || withoutBody.has(status)) return answer
    const content = await readBounded(body, maxBytes).catch((cause: unknown) => {
      throw init?.signal?.aborted === true ? init.signal.reason : new TypeError('fetch failed', { cause })
    })
    return new Response(content, { status, statusText, headers })
  }
}
