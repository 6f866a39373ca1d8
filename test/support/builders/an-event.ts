import type { NewEvent } from '../../../src/inbox/port.ts'

/** A finished batch, as Google reports it. */
export const batchSucceeded =
  '{"type":"batch.succeeded","version":"v1","timestamp":"2026-11-21T11:59:58Z","data":{"id":"batches/abc123","output_file_uri":"gs://b/o"}}'

/** A genuine event for one sink called `worker`; a test says only what matters to it. */
export function anEvent(given: Partial<NewEvent> = {}): NewEvent {
  return {
    owner: { uid: 'uid-1', namespace: 'ml', name: 'batch-events' },
    eventId: 'msg_1',
    sentAtSeconds: 1_795_262_398,
    receivedAtMs: Date.parse('2026-11-21T12:00:00Z'),
    mode: 'static',
    contentType: 'application/json',
    signature: 'v1,aaaa',
    body: Buffer.from(batchSucceeded),
    sinks: ['worker'],
    ...given,
  }
}

export function anOwner(name: string, namespace = 'ml'): NewEvent['owner'] {
  return { uid: namespace === 'ml' ? `uid-of-${name}` : `uid-of-${namespace}-${name}`, namespace, name }
}
