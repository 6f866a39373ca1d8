import type { SendOutcome } from './port.ts'
import { parseRetryAfterMs } from '../retry-after.ts'

/** Statuses caused by the event itself: a repetition of the request gets the same answer. */
const permanentStatuses = new Set([400, 410, 413, 415, 422])

/**
 * What an HTTP answer means for the delivery. 2xx took it. 401 and 403 refuse our credentials, not the event. Five
 * statuses refuse the event for good. Everything else is retried, redirects (which are never followed) and rarer 4xx
 * included: a sink that is redeployed or configured wrongly answers with almost anything, and a retry costs less than a
 * backlog of dead letters.
 */
export function outcomeOfAnswer(status: number, retryAfter: string | undefined, nowMs: number): SendOutcome {
  if (status >= 200 && status < 300) return { type: 'delivered', status }
  if (status === 401 || status === 403) return { type: 'unauthorized', status }
  if (permanentStatuses.has(status)) return { type: 'permanent', cause: 'refused', status }
  const retryAfterMs = parseRetryAfterMs(retryAfter, nowMs)
  const cause = status >= 300 && status < 400 ? 'redirect' : 'status'
  return { type: 'retryable', cause, status, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}
