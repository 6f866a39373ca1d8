import { neverConnectedCodes } from '../never-connected.ts'
import { findProxyError } from '../outbound/proxy-error.ts'
import { maxAnswerBytes } from '../outbound/read-bounded.ts'
import { cleanseText } from './cleanse-text.ts'
import { GeminiError, type GeminiErrorCode } from './webhook-service.ts'
import { isRecord } from '../is-record.ts'
import { parseRetryAfterMs } from '../retry-after.ts'

export type Verb = 'list' | 'get' | 'create' | 'update' | 'delete' | 'ping' | 'rotateSigningSecret' | 'listBatches'

export interface FailedCall {
  verb: Verb
  /**
   * What the SDK threw. Its classes are not exported and its text carries whole bodies: only fields are read, nothing
   * of it is kept.
   */
  error: unknown
  timedOut: boolean
  timeoutMs: number
  /** To be cut out of Google's text wherever it appears. */
  apiKey: string
  /** Milliseconds since the epoch, for a Retry-After that is a date. */
  nowMs: number
}

const reads: ReadonlySet<Verb> = new Set(['list', 'get', 'listBatches'])
/** Calls about one webhook, which can be gone. */
const needsWebhook: ReadonlySet<Verb> = new Set(['get', 'update', 'delete', 'ping', 'rotateSigningSecret'])

/** Connection failures at which not one byte of the request can have reached the service. */
const nothingSent = new Set([
  ...neverConnectedCodes,
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_HAS_EXPIRED',
  'ERR_TLS_CERT_ALTNAME_INVALID',
])

const maxRetryAfterMs = 24 * 60 * 60 * 1000

const advice: Record<GeminiErrorCode, string> = {
  ERR_GEMINI_CREDENTIALS_REJECTED: 'check the API key, and that its project may use the Gemini API',
  ERR_GEMINI_NOT_FOUND: 'the webhook does not exist in the project of this API key',
  ERR_GEMINI_REJECTED: 'correct the request; during a rollout at Google the same request may pass later',
  ERR_GEMINI_CONFLICT: 'look at the current state, then try again',
  ERR_GEMINI_RATE_LIMITED: 'wait, then try again',
  ERR_GEMINI_UNAVAILABLE: 'try again later',
  ERR_GEMINI_TIMEOUT: 'look whether it took effect, then try again',
  ERR_GEMINI_CONNECTION: 'check DNS, TLS, proxies and network policies between here and the service',
  ERR_GEMINI_BAD_ANSWER: 'check that the base URL is the Gemini API and that no proxy answers in its place',
}

/** The call as the SDK names it, for messages. */
export function callName(verb: Verb): string {
  return verb === 'listBatches' ? 'batches.list' : `webhooks.${verb}`
}

/** Maps a failed SDK call to our error, by status and machine-readable fields alone. Pure. */
export function toGeminiError(call: FailedCall): GeminiError {
  const answer = readAnswer(call.error, call.apiKey)
  const code = codeOf(call, answer)
  const proxyError = call.timedOut ? undefined : findProxyError(call.error)
  if (proxyError !== undefined) return neverLeft(call.verb, proxyError)
  const what = answer.status === undefined ? transportText(call, code) : `answered ${answer.status}`
  const detail = [answer.rpcStatus, answer.text].filter((part) => part !== '').join(': ')
  return new GeminiError({
    code,
    message: `${callName(call.verb)} ${what}${detail === '' ? '' : ` (${detail})`}: ${advice[code]}`,
    status: answer.status,
    retryAfterMs: retryAfterMs(answer.headers, call.nowMs),
    mayHaveCommitted: mayHaveCommitted(call, code, answer.status),
  })
}

/** Aborted before it was sent: the service was not called. */
function neverLeft(verb: Verb, { message }: Error): GeminiError {
  return new GeminiError({
    code: 'ERR_GEMINI_CONNECTION',
    message: `${callName(verb)} did not get out: ${message}`,
    mayHaveCommitted: false,
  })
}

/** A 2xx whose content is not what the API promises. */
export function badAnswer(verb: Verb, what: string): GeminiError {
  return new GeminiError({
    code: 'ERR_GEMINI_BAD_ANSWER',
    message: `${callName(verb)} was answered without ${what}: ${advice.ERR_GEMINI_BAD_ANSWER}`,
    mayHaveCommitted: !reads.has(verb),
  })
}

/**
 * More than is read of a list. The list is not used at all: with a part of the webhooks, the operator would treat the
 * others as gone.
 */
export function tooLong(excess: string): GeminiError {
  return new GeminiError({
    code: 'ERR_GEMINI_BAD_ANSWER',
    message: `webhooks.list has more than ${excess}, which is more than is read: delete webhooks of this project that nobody needs, or use an API key of another project`,
    mayHaveCommitted: false,
  })
}

/** delete and ping promise nothing but success: a 2xx that the SDK cannot read is still one. */
export function isUnreadableSuccess(error: unknown): boolean {
  const { status } = readAnswer(error, '')
  return error instanceof SyntaxError || (status !== undefined && status >= 200 && status < 300)
}

interface Answer {
  status: number | undefined
  headers: Headers | undefined
  /** The body was a JSON error of the API, in either of its shapes. */
  isApiError: boolean
  rpcStatus: string
  text: string
  reasons: string[]
}

/**
 * RPC shape: `{error: {code: 404, message, status, details: [{reason}]}}`; Interactions shape: `{error: {message, code:
 * "invalid_request"}}`.
 */
function readAnswer(error: unknown, apiKey: string): Answer {
  const thrown = isRecord(error) ? error : {}
  const { status, headers } = thrown
  const body = isRecord(thrown['error']) ? thrown['error']['error'] : undefined
  const fields = isRecord(body) ? body : {}
  const word = fields['status'] ?? fields['code']
  const details = Array.isArray(fields['details']) ? fields['details'] : []
  return {
    status: typeof status === 'number' ? status : undefined,
    headers: headers instanceof Headers ? headers : undefined,
    isApiError: isRecord(body),
    rpcStatus: typeof word === 'string' ? cleanseText(word, [apiKey]) : '',
    text: typeof fields['message'] === 'string' ? cleanseText(fields['message'], [apiKey]) : '',
    reasons: details.flatMap((detail) =>
      isRecord(detail) && typeof detail['reason'] === 'string' ? [detail['reason']] : [],
    ),
  }
}

function codeOf(call: FailedCall, answer: Answer): GeminiErrorCode {
  const { status } = answer
  if (status === undefined) {
    if (call.timedOut) return 'ERR_GEMINI_TIMEOUT'
    return call.error instanceof SyntaxError || isTooLarge(call.error)
      ? 'ERR_GEMINI_BAD_ANSWER'
      : 'ERR_GEMINI_CONNECTION'
  }
  if (status < 400) return 'ERR_GEMINI_BAD_ANSWER'
  if (status >= 500 || status === 408) return 'ERR_GEMINI_UNAVAILABLE'
  if (status === 401 || status === 403) return 'ERR_GEMINI_CREDENTIALS_REJECTED'
  if (status === 400 && answer.reasons.includes('API_KEY_INVALID')) return 'ERR_GEMINI_CREDENTIALS_REJECTED'
  if (status === 429) return 'ERR_GEMINI_RATE_LIMITED'
  // An error page comes from a proxy or a wrong base URL: it proves nothing about the webhook and says nothing about
  // the request.
  if (!answer.isApiError) return 'ERR_GEMINI_BAD_ANSWER'
  if (status === 409) return 'ERR_GEMINI_CONFLICT'
  return status === 404 && needsWebhook.has(call.verb) ? 'ERR_GEMINI_NOT_FOUND' : 'ERR_GEMINI_REJECTED'
}

function mayHaveCommitted(call: FailedCall, code: GeminiErrorCode, status: number | undefined): boolean {
  if (reads.has(call.verb)) return false
  if (code === 'ERR_GEMINI_CONNECTION') return !causeCodes(call.error).some((cause) => nothingSent.has(cause))
  if (code === 'ERR_GEMINI_BAD_ANSWER') return status === undefined || status < 300
  return code === 'ERR_GEMINI_TIMEOUT' || code === 'ERR_GEMINI_UNAVAILABLE'
}

function transportText(call: FailedCall, code: GeminiErrorCode): string {
  if (code === 'ERR_GEMINI_TIMEOUT') return `got no answer within ${call.timeoutMs} ms`
  if (isTooLarge(call.error)) return `was answered with more than ${maxAnswerBytes} bytes`
  if (code === 'ERR_GEMINI_BAD_ANSWER') return 'was answered with something that is not JSON'
  const [cause] = causeCodes(call.error)
  return `failed to connect or was cut off${cause === undefined ? '' : ` (${cause})`}`
}

/** The answer had more bytes than are read of one. */
export function isTooLarge(error: unknown): boolean {
  return causeCodes(error).includes('ERR_ANSWER_TOO_LARGE')
}

/**
 * System error codes (never texts) along the chain of causes; the chain may split where several addresses were tried.
 */
function causeCodes(error: unknown, depth = 0): string[] {
  if (!isRecord(error) || depth > 6) return []
  const { code, cause, errors } = error
  const own = typeof code === 'string' && /^[A-Z0-9_]{2,64}$/.test(code) ? [code] : []
  const tried = Array.isArray(errors) ? errors.flatMap((each) => causeCodes(each, depth + 1)) : []
  return [...own, ...causeCodes(cause, depth + 1), ...tried]
}

/** `retry-after-ms`, or `retry-after`; undefined where neither is usable. At most a day. */
function retryAfterMs(headers: Headers | undefined, nowMs: number): number | undefined {
  const milliseconds = Number(headers?.get('retry-after-ms') ?? Number.NaN)
  const found = Number.isFinite(milliseconds) ? milliseconds : parseRetryAfterMs(headers?.get('retry-after'), nowMs)
  return found === undefined ? undefined : Math.min(Math.max(found, 0), maxRetryAfterMs)
}
