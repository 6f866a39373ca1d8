import type { RemoteWebhook } from './webhook-service.ts'

/** Bounds a list from a service that returns page tokens without end. */
const maxPages = 1_000
/** Of one project. Far more than one operator keeps, and as much as is worth the memory. */
const maxWebhooks = 100_000
/** Of all their names, URLs and events together, in characters. */
const maxCharacters = 64 * 1024 * 1024

/** What one takes besides its texts, in characters. */
const overhead = 500

/**
 * Takes so many characters of what all lists together may have; false where there are not so many left for this one.
 */
export type TakeOfList = (characters: number) => boolean

/** Counts what a list brings, page by page, and says which bound it passes. */
export class ListBounds {
  readonly #take: TakeOfList
  #pages = 0
  #webhooks = 0
  #characters = 0

  constructor(take: TakeOfList = () => true) {
    this.#take = take
  }

  /** Undefined: within the bounds. Otherwise what is too much, to follow "has more than". */
  take(page: readonly RemoteWebhook[]): string | undefined {
    this.#pages += 1
    this.#webhooks += page.length
    const characters = page.reduce((sum, webhook) => sum + charactersOf(webhook), 0)
    this.#characters += characters
    if (this.#pages > maxPages) return `${maxPages} pages`
    if (this.#webhooks > maxWebhooks) return `${maxWebhooks} webhooks`
    if (this.#characters > maxCharacters) return `${maxCharacters} characters`
    return this.#take(characters + page.length * overhead)
      ? undefined
      : 'its share of what all API keys together may have in memory'
  }
}

function charactersOf({ id, name = '', uri, subscribedEvents, signingSecrets }: RemoteWebhook): number {
  const hints = signingSecrets.map(({ truncatedSecret, expireTime = '' }) => truncatedSecret + expireTime)
  return [id, name, uri, ...subscribedEvents, ...hints].reduce((sum, text) => sum + text.length, 0)
}
