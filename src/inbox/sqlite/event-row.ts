import type { Dedupe, NewEvent } from '../port.ts'

/** A row of `events` joined with its owner, as the event that one sink gets. */
export function toEvent(row: Readonly<Record<string, unknown>>, sink: string): NewEvent {
  const body = row['body']
  const trace = String(row['trace'])
  const dedupe = dedupeOf(row)
  return {
    owner: { uid: String(row['uid']), namespace: String(row['namespace']), name: String(row['name']) },
    eventId: String(row['event_id']),
    sentAtSeconds: Number(row['sent_at_s']),
    receivedAtMs: Number(row['received_at_ms']),
    mode: row['mode'] === 'static' ? 'static' : 'dynamic',
    contentType: String(row['content_type']),
    signature: String(row['signature']),
    body: body instanceof Uint8Array ? body : new Uint8Array(),
    ...(trace !== '' && { trace }),
    ...(dedupe !== undefined && { dedupe }),
    sinks: [sink],
  }
}

/** What the event of a row is recognised by; undefined where it is by its id. */
export function dedupeOf(row: Readonly<Record<string, unknown>>): Dedupe | undefined {
  const key = String(row['dedupe_key'])
  return key === '' ? undefined : { key, rememberMs: Number(row['remember_ms']) }
}
