import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { requestedLook } from '../facts/look-request.ts'
import { heldBackMs, oneMoreTry, type Retry } from './retry.ts'

/** So many are made at once: people who edit a Secret do so several times. */
const unhindered = 5
/** As rarely as what the API server refuses, at most. */
const pauseMs = 300_000

/**
 * A label, an annotation or a further key of the spec was written to the Secret. An admission webhook or another
 * controller that takes it away each time must not keep both busy for ever: after some writes the next waits.
 */
export function afterMetadataWrite(before: Retry | undefined, webhook: GeminiWebhook, nowMs: number): Retry {
  const pauseAfter = (row: number) => (row < unhindered ? 0 : pauseMs)
  return oneMoreTry(before, { occasion: occasionOf(webhook), nowMs, pauseMs: pauseAfter, lastsMs: pauseMs })
}

/** Whether the metadata of the Secret is left as another client keeps making it, until the pause is over. */
export function isMetadataHeld(writes: Retry | undefined, webhook: GeminiWebhook, nowMs: number): boolean {
  return (heldBackMs(writes, occasionOf(webhook), nowMs) ?? 0) > 0
}

/** With another spec or request to look it is another wish, and begins anew. */
function occasionOf(webhook: GeminiWebhook): string {
  return `${webhook.metadata.generation} ${requestedLook(webhook) ?? ''}`
}
