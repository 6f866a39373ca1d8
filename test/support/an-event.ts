import type { NewEvent } from '../../src/inbox/port.ts'

const owner = { uid: 'uid-1', namespace: 'ml', name: 'batch-events' }

/** A genuine event for one sink called `worker`; a test says only what matters to it. */
export function anEvent(changes: Partial<NewEvent> = {}): NewEvent {
  return {
    owner,
    eventId: 'evt_1',
    sentAtSeconds: 1_795_000_000,
    receivedAtMs: 1_795_000_001_500,
    mode: 'static',
    contentType: 'application/json',
    signature: 'v1,c2lnbmF0dXJl',
    body: Buffer.from('{"type":"batch.succeeded","timestamp":"2026-11-21T12:00:00Z","data":{"id":"batches/123"}}'),
    sinks: ['worker'],
    ...changes,
  }
}

export function anOwner(name: string): NewEvent['owner'] {
  return { uid: `uid-of-${name}`, namespace: 'ml', name }
}
