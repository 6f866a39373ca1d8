import { isRecord, recordIn } from '../is-record.ts'

export type ApiVersion = 'v1' | 'v1beta'

interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Behind the version, with its query: `webhooks/abc:ping`. */
  readonly path: string
  /** Default: v1. */
  readonly version?: ApiVersion
  readonly body?: unknown
}

export interface ApiAnswer {
  readonly status: number
  /** Empty where the answer is no JSON object. */
  readonly body: Readonly<Record<string, unknown>>
}

/** One request as it stands on the wire. Rejects where no answer came. */
export type Api = (request: ApiRequest) => Promise<ApiAnswer>

/** Where the service is, and who asks. */
export interface ServicePlace {
  readonly baseUrl: string
  readonly apiKey: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Raw calls: the SDK would hide what is asked about here. Nothing of an answer is kept or printed by it. */
export function openApi({ baseUrl, apiKey, headers = {} }: ServicePlace, send: typeof fetch): Api {
  const base = baseUrl.replace(/\/+$/, '')
  return async ({ method, path, version = 'v1', body }) => {
    const response = await send(`${base}/${version}/${path}`, {
      method,
      headers: { ...headers, 'x-goog-api-key': apiKey, 'content-type': 'application/json' },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw withAdvice(error, base)
    })
    return { status: response.status, body: recordIn(await response.text()) }
  }
}

/** What fetch says of a failure does not say where. What ends the run is passed on. */
function withAdvice(cause: unknown, base: string): unknown {
  if (!(cause instanceof Error) || !(cause instanceof TypeError || cause.name === 'TimeoutError')) return cause
  const code = isRecord(cause.cause) ? textIn(cause.cause, 'code') : ''
  const why = cause.name === 'TimeoutError' ? 'in time' : code
  return new Error(
    `${base} did not answer${why === '' ? '' : ` (${why})`}: check the address, DNS, TLS, proxies and the network`,
    { cause },
  )
}

const askedFor = { GET: 'a question', POST: 'a call', PATCH: 'an update', DELETE: 'a deletion' } as const

/**
 * Throws where the service failed or does not know the caller: that is no answer to what was asked, and must not be
 * taken for a refusal.
 */
export function judgedApi(api: Api): Api {
  return async (request) => {
    const answer = await api(request)
    if (answer.status < 500 && !noAnswers.has(answer.status)) return answer
    throw new Error(`the service answered ${answer.status} to ${askedFor[request.method]}`)
  }
}
/** A key that was withdrawn, and a request that took too long on its way. */
const noAnswers: ReadonlySet<number> = new Set([401, 408])

export const isOk = ({ status }: ApiAnswer): boolean => status >= 200 && status < 300

/** The text under a key; '' where there is none. */
export function textIn(object: Readonly<Record<string, unknown>>, key: string): string {
  const value = object[key]
  return typeof value === 'string' ? value : ''
}

/** The objects in the list under a key. */
export function objectsIn(object: Readonly<Record<string, unknown>>, key: string): Record<string, unknown>[] {
  const value = object[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}
