import type { NewEvent } from '../../../src/inbox/port.ts'
import { anEvent } from '../../support/builders/an-event.ts'

/** In the id of an event that is recognised by a key. */
export const foldedMark = 'folded-'

/** The `dedupe` of the event with this id, if it has one. */
export function dedupeOf(eventId: string): Pick<NewEvent, 'dedupe'> {
  if (!eventId.includes(foldedMark)) return {}
  return { dedupe: { key: `batch.succeeded.${eventId}`, rememberMs: 80 * 3_600_000 } }
}

/** What an inbox must take for the event with this id: one that is recognised by a key comes from another sender. */
export function sentAgain(eventId: string): NewEvent {
  const { dedupe } = dedupeOf(eventId)
  return dedupe === undefined ? anEvent({ eventId }) : anEvent({ eventId: `other-${eventId}`, dedupe })
}
