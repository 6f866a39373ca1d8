import type { InboxBounds } from './bounds.ts'
import type { NewEvent } from './port.ts'

/** What an inbox knows an event by when it comes again, and for how long after its end. */
export interface Recognition {
  readonly key: string
  readonly rememberMs: number
}

/** Pure: by its id and for the usual time, or as its `dedupe` says; never for less than an id. */
export function recognitionOf(
  { eventId, dedupe }: Pick<NewEvent, 'eventId' | 'dedupe'>,
  { dedupeMs }: Pick<InboxBounds, 'dedupeMs'>,
): Recognition {
  if (dedupe === undefined) return { key: eventId, rememberMs: dedupeMs }
  return { key: dedupe.key, rememberMs: Math.max(dedupe.rememberMs, dedupeMs) }
}
