import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../api/names.ts'

/**
 * Characters of the annotation that count, as many as status can hold; by code points, as the API server counts them.
 */
const longestRequest = 256

/** What this process knows of the request to look now, by the value of its annotation. */
export interface LookRequest {
  readonly value: string
  /** When this process saw it first, on the monotonic clock: a look that began then or later answers it. */
  readonly sinceMs: number
  /** It has let repairs begin anew; once is enough, whatever comes of them. */
  readonly forgave?: true
}

/**
 * The value that asks for a look, as far as it counts; whoever compares or acknowledges it uses this and never the
 * annotation itself.
 */
export function requestedLook({ metadata }: Pick<GeminiWebhook, 'metadata'>): string | undefined {
  const value = metadata.annotations?.[reconcileRequestedAtAnnotation]
  return value === undefined || value.length <= longestRequest
    ? value
    : Array.from(value).slice(0, longestRequest).join('')
}

/**
 * The request that status does not acknowledge yet, with the moment from which a look answers it; `known` is what was
 * remembered of the one before. A moment and not "now": else every pass would ask for another list, and what the pass
 * before had found out would never be new enough.
 */
export function lookRequest(
  webhook: GeminiWebhook,
  known: LookRequest | undefined,
  nowMs: number,
): LookRequest | undefined {
  const value = requestedLook(webhook)
  if (value === undefined || value === webhook.status?.lastHandledReconcileAt) return undefined
  return known?.value === value ? known : { value, sinceMs: nowMs }
}
