/** Of these a second one does the same as the first. */
const repeatable: ReadonlySet<string> = new Set(['GET', 'PATCH', 'DELETE'])

/**
 * Sends again, after each of the pauses (milliseconds), what found no answer or a failure of the service. What may do
 * something twice is sent once. Passes on the rejection of `wait`.
 */
export function steadyFetch(
  inner: typeof fetch,
  wait: (ms: number) => Promise<void>,
  pausesMs: readonly number[],
): typeof fetch {
  return async (input, init) => {
    const method = init?.method ?? (input instanceof Request ? input.method : 'GET')
    const pauses = repeatable.has(method) ? pausesMs : []
    for (const pauseMs of pauses) {
      const answer = await inner(input instanceof Request ? input.clone() : input, init).catch(() => undefined)
      if (answer !== undefined && answer.status < 500) return answer
      await answer?.body?.cancel()
      await wait(pauseMs)
    }
    return inner(input, init)
  }
}
