import { endedPage } from './ended-page.ts'
import type { DeadLetter, DeadLetterPage, DeadLetterQuery } from './port.ts'

/** Pure: one page of `newestFirst`, which begins behind `query.after` and is read no further than needed. */
export function deadLetterPage(newestFirst: Iterable<DeadLetter>, query: DeadLetterQuery): DeadLetterPage {
  const { found, ...more } = endedPage(newestFirst, query, ({ reason }) => (query.reason ?? reason) === reason)
  return { deadLetters: found, ...more }
}
