import type { NewEvent } from '../port.ts'
import { refreshEvent } from './refresh.ts'
import type { SharedDeps } from './shared-deps.ts'
import type { TrackedDelivery } from './tracked.ts'

/** The event of a delivery with its body, as its sink gets it; undefined when the stream has it no more. */
export async function readEvent(deps: SharedDeps, { event, sink }: TrackedDelivery): Promise<NewEvent | undefined> {
  const { store, subjects } = deps
  let stored = await store.get(event.seq)
  if (stored === undefined && (await refreshEvent(deps, event.key))) {
    stored = await store.last(subjects.event(event.key))
  }
  if (stored?.record.kind !== 'event') return undefined
  const { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature, trace, dedupe } = stored.record
  const known = { owner, eventId, sentAtSeconds, receivedAtMs, mode, contentType, signature }
  return {
    ...known,
    ...(trace !== undefined && { trace }),
    ...(dedupe !== undefined && { dedupe }),
    body: stored.body,
    sinks: [sink],
  }
}
