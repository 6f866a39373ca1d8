/** More than any expected answer: a full page of the list of webhooks is a megabyte or two. */
export const maxAnswerBytes = 8 * 1024 * 1024

class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError'
  readonly code = 'ERR_ANSWER_TOO_LARGE'
  constructor(maxBytes: number) {
    super(`the answer has more than ${maxBytes} bytes and was not read to its end`)
  }
}

/**
 * The body as it comes, unless it has more than `maxBytes`: then the rest is never read, and the connection is given
 * up.
 */
export async function* boundBytes(body: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let bytes = 0
  for await (const chunk of body) {
    bytes += chunk.length
    // Leaving the loop destroys the stream.
    if (bytes > maxBytes) throw new AnswerTooLargeError(maxBytes)
    yield chunk
  }
}

/** All of a body, within the same bound. */
export async function readBounded(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of boundBytes(body, maxBytes)) chunks.push(chunk)
  return Buffer.concat(chunks)
}
