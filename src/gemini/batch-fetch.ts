import { boundBytes, maxAnswerBytes, readBounded } from '../outbound/read-bounded.ts'
import { dropMembers } from './drop-members.ts'

/**
 * What a batch was asked and what it was answered, which the list may repeat for each: up to 20 MB where neither is in
 * a file.
 */
const contents = new Set(['inputConfig', 'response', 'inlinedResponses', 'inlinedEmbedContentResponses'])

/** Of one page, contents included. */
const maxPageBytes = 64 * 1024 * 1024

/** A refusal, with what the SDK's client of batches throws away: what the answer said and when to come back. */
class RefusedError extends Error {
  override readonly name = 'RefusedError'
  readonly status: number
  readonly headers: Headers
  /** The body, where it is JSON. */
  readonly error: unknown

  constructor({ status, headers }: Response, error: unknown) {
    super('the service refused')
    this.status = status
    this.headers = headers
    this.error = error
  }
}

/**
 * A `fetch` for the SDK's client of batches, which would follow redirects with the API key, and read a page whatever
 * its size. What the batches contain is dropped while it is read; of the rest, at most 8 MiB are read. More is a
 * TypeError, as other failures on the way are; any status but a 2xx is an error with the fields of those that the
 * SDK's client of webhooks throws.
 */
export function batchFetch(inner: typeof fetch): typeof fetch {
  return async (input, init) => {
    const answer = await inner(input, { ...init, redirect: 'manual' })
    const { body, ok, status, statusText, headers } = answer
    const read = async () => (body === null ? Buffer.alloc(0) : readBounded(ok ? kept(body) : body, maxAnswerBytes))
    const content = await read().catch((cause: unknown) => {
      throw init?.signal?.aborted === true ? init.signal.reason : new TypeError('fetch failed', { cause })
    })
    if (!ok) throw new RefusedError(answer, jsonOf(content))
    return new Response(body === null ? null : content, { status, statusText, headers })
  }
}

function kept(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return dropMembers(boundBytes(body, maxPageBytes), contents)
}

function jsonOf(content: Buffer): unknown {
  try {
    return JSON.parse(content.toString()) as unknown
  } catch {
    return undefined
  }
}
