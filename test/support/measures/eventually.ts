type Falsy = undefined | null | false | '' | 0

/**
 * Waits until `probe` gives a truthy value: an empty string, zero and null say 'not yet' like false. For real processes
 * and sockets only; it polls, bounded.
 */
export async function eventually<T>(
  what: string,
  probe: () => Promise<T | Falsy> | T | Falsy,
  { timeoutMs = 30_000, intervalMs = 50 } = {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const value = await probe()
      if (value) return value
    } catch (error) {
      last = error
    }
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for: ${what}`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, intervalMs))
  }
}
