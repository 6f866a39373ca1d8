/** What a person who runs this has patience for, of each refusal. */
const maxPauseMs = 120_000
const maxRefusals = 5
/** For which the service counts what it takes. */
export const minuteMs = 60_000

export interface PacedFetch {
  /** Waits for its turn by `wait`, whose rejection is passed on. */
  readonly through: (wait: (ms: number) => Promise<void>) => typeof fetch
  /** Requests that the service took in the minute before it first refused one for its rate; undefined: it never did. */
  readonly limit: () => number | undefined
  /** Requests that it took in the last minute. */
  readonly recent: () => number
  /** How many requests had to wait. */
  readonly pauses: () => number
}

/**
 * Sends again what was refused for its rate, after the time that the service asked for: 429 with `Retry-After` in
 * seconds. Another 429 is an answer like any other, and so is the sixth in a row.
 */
export function pacedFetch(inner: typeof fetch, now: () => number): PacedFetch {
  let taken: number[] = []
  let limit: number | undefined
  let pauses = 0
  const lastMinute = () => taken.filter((atMs) => atMs > now() - minuteMs)
  return {
    limit: () => limit,
    recent: () => lastMinute().length,
    pauses: () => pauses,
    through: (wait) => async (input, init) => {
      for (let refusals = 0; ; refusals++) {
        const answer = await inner(input instanceof Request ? input.clone() : input, init)
        const seconds = Number(answer.headers.get('retry-after') ?? '')
        if (answer.status !== 429 || !(seconds > 0)) {
          const isOfTheApi = answer.headers.get('content-type')?.includes('json') === true
          if (isOfTheApi && answer.status !== 429) taken = [...lastMinute(), now()]
          return answer
        }
        limit ??= lastMinute().length
        if (refusals === maxRefusals) return answer
        pauses++
        await wait(Math.min(seconds * 1000, maxPauseMs))
      }
    },
  }
}
