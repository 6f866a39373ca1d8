import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { terminalBatchTypes } from '../../gemini/batch-job.ts'
import { canonicalType, noAliases, type EventAliases } from '../../gemini/event-aliases.ts'

/** The subscribed events, as the spec names them, by whether a list at Google shows what they told of. */
export interface FindableEvents {
  readonly findable: readonly string[]
  readonly others: readonly string[]
}

const ofBatches: ReadonlySet<string> = new Set(terminalBatchTypes)

/** Which of the events of an object backfill can find. Pure. */
export function findableOf({ spec }: GeminiWebhook, aliases: EventAliases = noAliases): FindableEvents {
  const { events = [] } = spec
  const isFindable = (type: string) => ofBatches.has(canonicalType(type, aliases))
  return { findable: events.filter(isFindable), others: events.filter((type) => !isFindable(type)) }
}
