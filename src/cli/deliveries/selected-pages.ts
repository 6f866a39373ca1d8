import { UnjudgedError } from '../unjudged-error.ts'

/**
 * Goes from page to page until the last, or until `isEnough`. A receiver that repeats the cursor of a page would cause
 * an endless loop.
 */
export async function forEachPage<Page extends { cursor?: string }>(
  ask: (cursor: string | undefined) => Promise<Page>,
  take: (page: Page) => void,
  isEnough: () => boolean = () => false,
): Promise<void> {
  let cursor: string | undefined
  do {
    const page = await ask(cursor)
    if (page.cursor !== undefined && page.cursor === cursor) {
      throw new UnjudgedError(
        'the receiver goes round in circles: a page ends where it began; what comes after it is not known',
      )
    }
    take(page)
    cursor = page.cursor
  } while (cursor !== undefined && !isEnough())
}
