import type { EventEnvelope } from './event.ts'

/** Servers limit the header block as a whole, so that one long id must not cost the event. */
const maxSubjectBytes = 1_024

/** What an event is about, the id of the job; undefined where it has none, or one that is too long. */
export function subjectOf({ dataId }: EventEnvelope): string | undefined {
  return dataId !== undefined && Buffer.byteLength(dataId) <= maxSubjectBytes ? dataId : undefined
}
