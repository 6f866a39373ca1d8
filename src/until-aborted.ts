/**
 * The promise's outcome, or a rejection with the signal's reason as soon as it aborts, for work that cannot be relied on to end when its own signal
 * aborts. What is left goes on unheard until it ends by itself.
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
