import type { Switches } from './switches.ts'

/** A refusal by the service, before it takes one of its two forms on the wire. */
export interface ApiProblem {
  status: number
  /** Of the RPC form, e.g. NOT_FOUND. */
  rpcStatus: string
  /** Of the Interactions form, e.g. not_found. */
  code: string
  message: string
  /** ErrorInfo reason; the front end that checks keys answers in RPC form always. */
  reason?: string
  retryAfterSeconds?: number
}

export type Answer<T = unknown> = { ok: true; value: T } | { ok: false; problem: ApiProblem }

export const answered = <T>(value: T): Answer<T> => ({ ok: true, value })

const problem = (
  status: number,
  rpcStatus: string,
  code: string,
  message: string,
): { ok: false; problem: ApiProblem } => ({
  ok: false,
  problem: { status, rpcStatus, code, message },
})

export const invalidArgument = (message: string) => problem(400, 'INVALID_ARGUMENT', 'invalid_request', message)
export const failedPrecondition = (message: string) =>
  problem(400, 'FAILED_PRECONDITION', 'failed_precondition', message)
export const notFound = (message: string) => problem(404, 'NOT_FOUND', 'not_found', message)
export const conflict = (message: string) => problem(409, 'ALREADY_EXISTS', 'already_exists', message)

export function resourceExhausted(message: string, retryAfterSeconds: number): Answer<never> {
  const { problem: found } = problem(429, 'RESOURCE_EXHAUSTED', 'rate_limit_exceeded', message)
  return { ok: false, problem: { ...found, retryAfterSeconds } }
}

export const missingKey = problem(
  403,
  'PERMISSION_DENIED',
  'permission_denied',
  "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
)

export function invalidKey(setting: Switches['invalidKey']): Answer<never> {
  const message = 'API key not valid. Please pass a valid API key.'
  const { problem: found } =
    setting === 'badRequest'
      ? problem(400, 'INVALID_ARGUMENT', 'invalid_request', message)
      : problem(401, 'UNAUTHENTICATED', 'unauthenticated', message)
  return { ok: false, problem: { ...found, reason: 'API_KEY_INVALID' } }
}

export function renderProblem(found: ApiProblem, shape: Switches['errorShape']): unknown {
  const { status, rpcStatus, code, message, reason } = found
  if (reason === undefined && shape === 'interactions') return { error: { message, code } }
  const details = [
    { '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason, domain: 'googleapis.com', metadata: {} },
  ]
  return { error: { code: status, message, status: rpcStatus, ...(reason !== undefined && { details }) } }
}
