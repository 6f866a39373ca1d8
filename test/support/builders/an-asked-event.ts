import type { ToWorker } from '../../../src/filter/worker-protocol.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')

/** A body as a thread is asked about it: by the static endpoint, just sent. */
export function anAskedEvent(
  body: Uint8Array,
  mode: 'static' | 'dynamic' = 'static',
): Pick<ToWorker, 'event' | 'nowMs'> {
  return { event: { body, mode, sentAtSeconds: nowMs / 1_000 }, nowMs }
}
