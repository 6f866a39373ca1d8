import { neverConnectedCodes } from '../never-connected.ts'
import { KubernetesApiError } from './client.ts'

/** The server's text is for people; more than this is noise in a log line or a condition. */
const maxServerTextLength = 1000

/** The parts of metav1.Status that are used here. */
interface StatusBody {
  reason?: unknown
  message?: unknown
}

/** The server refused: an HTTP answer outside 2xx. `call` names verb and target. */
export function refusedError(answer: {
  call: string
  status: number
  text: string
  retryAfterMs: number | undefined
}): KubernetesApiError {
  const body = parseStatus(answer.text)
  const reason = typeof body.reason === 'string' && body.reason !== '' ? body.reason : reasonOfStatus(answer.status)
  const text = typeof body.message === 'string' ? body.message.slice(0, maxServerTextLength) : 'no further explanation'
  return new KubernetesApiError({
    status: answer.status,
    reason,
    message: `${answer.call}: the API server answered ${answer.status} ${reason}: ${text}`,
    retryAfterMs: answer.retryAfterMs,
  })
}

/** No answer, or one cut short. */
export function unreachableError(call: string, cause: unknown): KubernetesApiError {
  const code = codeOf(cause)
  return new KubernetesApiError({
    status: 0,
    reason: 'Unreachable',
    message: `${call}: no answer from the API server (${code ?? (cause instanceof Error ? cause.message : String(cause))})`,
    cause,
  })
}

export function timeoutError(call: string, timeoutMs: number, cause?: unknown): KubernetesApiError {
  return new KubernetesApiError({
    status: 0,
    reason: 'Timeout',
    message: `${call}: no answer from the API server within ${timeoutMs} ms`,
    cause,
  })
}

/** Our own doing: the client was closed while the call was under way. */
export function closedError(call: string): KubernetesApiError {
  return new KubernetesApiError({ status: 0, reason: 'Closed', message: `${call}: the Kubernetes client was closed` })
}

/** A 2xx whose body is not the JSON that the API promises: usually a proxy in between. */
export function badAnswerError(call: string, status: number): KubernetesApiError {
  return new KubernetesApiError({
    status: 0,
    reason: 'BadAnswer',
    message: `${call}: the answer (${status}) is not a Kubernetes object; check that the server address is an API server, not a proxy's page`,
  })
}

/**
 * Retry-After in seconds, as the API server sends it. A date comes from a proxy in front of it, which cannot say that a
 * write was not done: it counts as absent, like a malformed value.
 */
export function parseRetryAfterSeconds(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^[0-9]{1,6}$/.test(header) ? Number(header) * 1000 : undefined
}

/** True where no byte of the request can have reached the server: repeating even a write is safe. */
export function neverConnected(cause: unknown): boolean {
  const code = codeOf(cause)
  return code !== undefined && neverConnectedCodes.has(code)
}

function codeOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : undefined
}

function parseStatus(text: string): StatusBody {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

/** For answers that did not come from the API server itself but from something in front of it. */
function reasonOfStatus(status: number): string {
  const reasons: Record<number, string> = {
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    409: 'Conflict',
    410: 'Expired',
    429: 'TooManyRequests',
    503: 'ServiceUnavailable',
    504: 'Timeout',
  }
  return reasons[status] ?? (status >= 500 ? 'InternalError' : 'Unknown')
}
