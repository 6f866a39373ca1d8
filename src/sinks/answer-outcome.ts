import type { SendOutcome } from './port.ts'

/** What an event itself can be guilty of: the same request gets the same answer tomorrow. */
const permanentStatuses = new Set([400, 410, 413, 415, 422])

/**
 * What an HTTP answer means for the delivery. 2xx took it. 401 and 403 refuse our credentials, not the event. Five statuses refuse the event for good.
 * Everything else is retried, redirects (which are never followed) and rarer 4xx included: a sink that is redeployed or configured wrongly answers with
 * almost anything, and a retry costs less than a backlog of dead letters.
 */
export function outcomeOfAnswer(status: number, retryAfter: string | undefined, nowMs: number): SendOutcome {
  if (status >= 200 && status < 300) return { type: 'delivered', status }
  if (status === 401 || status === 403) return { type: 'unauthorized', status }
  if (permanentStatuses.has(status)) return { type: 'permanent', cause: 'refused', status }
  const retryAfterMs = parseRetryAfterMs(retryAfter, nowMs)
  const cause = status >= 300 && status < 400 ? 'redirect' : 'status'
  return { type: 'retryable', cause, status, ...(retryAfterMs !== undefined && { retryAfterMs }) }
}

/** `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3), as milliseconds from now; undefined when absent, past or malformed. */
export function parseRetryAfterMs(value: string | undefined, nowMs: number): number | undefined {
  const text = value?.trim() ?? ''
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000
  if (!/^[A-Za-z]{3,9},? /.test(text)) return undefined
  const ms = Date.parse(text) - nowMs
  return ms > 0 ? ms : undefined
}
