import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { requestedLook } from '../facts/look-request.ts'

/** Writes of the target Secret for its metadata alone, as this process remembers them. */
export interface MetadataWrites {
  /** What they were made for: with another spec or request to look it is another wish, and begins anew. */
  readonly occasion: string
  /** How many were made since the row began. */
  readonly row: number
  /** The next is not made before, on the monotonic clock. */
  readonly untilMs: number
}

/** So many are made at once: people who edit a Secret do so several times. */
const unhindered = 5
/** As rarely as what the API server refuses, at most. */
const pauseMs = 300_000

/**
 * A label or annotation of the spec was written to the Secret. An admission webhook or another controller that takes it
 * away each time must not keep both busy for ever: after some writes the next waits.
 */
export function afterMetadataWrite(
  before: MetadataWrites | undefined,
  webhook: GeminiWebhook,
  nowMs: number,
): MetadataWrites {
  const occasion = occasionOf(webhook)
  const continues = before?.occasion === occasion && nowMs < before.untilMs + pauseMs
  const row = continues ? before.row + 1 : 1
  return { occasion, row, untilMs: row < unhindered ? nowMs : nowMs + pauseMs }
}

/** Whether the metadata of the Secret is left as somebody keeps making it, until the pause is over. */
export function isMetadataHeld(
  webhook: GeminiWebhook,
  { metadataWrites }: { readonly metadataWrites?: MetadataWrites | undefined },
  nowMs: number,
): boolean {
  return metadataWrites?.occasion === occasionOf(webhook) && nowMs < metadataWrites.untilMs
}

function occasionOf(webhook: GeminiWebhook): string {
  return `${webhook.metadata.generation} ${requestedLook(webhook) ?? ''}`
}
