/**
 * The promise's outcome, or a rejection as soon as the signal aborts, with its reason or with `reason`, for work that
 * cannot be relied on to end when its own signal aborts. The work itself then continues, unobserved, until it ends by
 * itself.
 */
export async function untilAborted<T>(
  promise: Promise<T>,
  signal: AbortSignal,
  reason: () => unknown = () => signal.reason,
): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const abort = () => aborted.reject(reason())
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([promise, aborted.promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
