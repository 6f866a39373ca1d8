import { geminiWebhookPath } from '../api/kind.ts'
import type { SinkFilter, SinkTransform } from '../contract/keyring/entry.ts'
import type { FilterQuestion } from '../filter/judge-filter.ts'
import type { ClaimedDelivery } from '../inbox/port.ts'
import type { DeadLetterStory, SinkInUse } from '../sinks/port.ts'
import type { AttemptDeps } from './attempt-delivery.ts'

export type SinkRules = Pick<SinkInUse, 'filter' | 'transform'>

const everyEvent: SinkFilter = { typesExact: [], typesPrefix: [] }

/** Whether the sink of a delivery wants it, and what it wants to be sent. */
export function questionAbout(
  delivery: ClaimedDelivery,
  { filter = everyEvent, transform }: SinkRules,
  deps: Pick<AttemptDeps, 'webhookOf'>,
): FilterQuestion {
  const { event, sink, attempts } = delivery
  const question = { owner: event.owner, sink, filter, event }
  if (transform === undefined) return question
  const facts = { ...factsOf(delivery, deps), attempt: attempts + 1 }
  return { ...question, transform: { body: transform.body, contentType: transform.contentType, facts } }
}

/**
 * What the dead letter destination of its sink wants to be sent: it has no filter. Asked beside the sink and not as the
 * sink, so that an expression that takes too long for dead letters pauses none of its deliveries.
 */
export function questionAboutDeadLetter(
  delivery: ClaimedDelivery,
  { body, contentType }: SinkTransform,
  { deadLetter, ...deps }: Pick<AttemptDeps, 'webhookOf'> & { deadLetter: DeadLetterStory },
): FilterQuestion {
  const { event, sink } = delivery
  const facts = { ...factsOf(delivery, deps), attempt: 1, deadLetter }
  const transform = { body, contentType, facts }
  return { owner: event.owner, sink: `${sink}/deadLetter`, filter: everyEvent, event, transform }
}

function factsOf({ event }: ClaimedDelivery, { webhookOf }: Pick<AttemptDeps, 'webhookOf'>) {
  const { owner, eventId } = event
  return { id: eventId, source: geminiWebhookPath(webhookOf?.(owner) ?? owner) }
}
