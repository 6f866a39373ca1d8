import type { Clock } from '../clock.ts'
import { isOk, type Api, type ApiAnswer } from './api.ts'
import type { CalledEndpoint } from './called-endpoint.ts'
import type { Finding, Need } from './finding.ts'
import type { OwnWebhook, OwnWebhooks } from './own-webhooks.ts'
import { minuteMs, type PacedFetch } from './paced-fetch.ts'

/** What questions are asked with. */
export interface Session {
  readonly api: Api
  /** The same for what must be done although the run is to end. */
  readonly cleanUp: Api
  readonly pace: Omit<PacedFetch, 'through'>
  readonly own: OwnWebhooks
  /** The same service without a pace of ours, and without the API key: for what is no call of the API. */
  readonly ask: (path: string, headers?: Readonly<Record<string, string>>) => Promise<Response>
  readonly clock: Pick<Clock, 'now'>
  /** Rejects when the run is to end. */
  readonly wait: (ms: number) => Promise<void>
  /** Where deliveries arrive; absent without a public address. */
  readonly endpoint?: CalledEndpoint
  readonly options: SessionOptions
}

export interface SessionOptions {
  /** The most webhooks that may exist at once for the question how many there may be. */
  readonly maxWebhooks: number
  /** Of batches and interactions. */
  readonly model: string
  /** How long a batch or an interaction may take. */
  readonly jobsWithinMs: number
}

/** What belongs together because it needs the same webhooks. */
export interface Question {
  readonly switches: readonly string[]
  readonly needs?: Need
  ask(session: Session): Promise<Finding[]>
}

/** Changes one of our webhooks; what answers shows it as it is now, even where reads lag behind. */
export function patch(
  { api }: Pick<Session, 'api'>,
  { id, version }: OwnWebhook,
  body: Readonly<Record<string, unknown>>,
  mask = Object.keys(body).join(','),
): Promise<ApiAnswer> {
  const query = `update_mask=${encodeURIComponent(mask)}`
  return api({ method: 'PATCH', path: `webhooks/${encodeURIComponent(id)}?${query}`, version, body })
}

/** The same where it has to succeed for what is asked next; the webhook as it is now. */
export async function change(
  session: Pick<Session, 'api'>,
  webhook: OwnWebhook,
  body: Readonly<Record<string, unknown>>,
): Promise<ApiAnswer['body']> {
  const answer = await patch(session, webhook, body)
  if (isOk(answer)) return answer.body
  throw new Error(`the service answered ${answer.status} to an update of ${Object.keys(body).join(', ')}`)
}

/** As it is now. */
export function look(session: Pick<Session, 'api'>, webhook: OwnWebhook): Promise<ApiAnswer['body']> {
  return change(session, webhook, { name: webhook.name })
}

/** A method of one webhook, such as `:ping`. */
export function call(
  { api }: Pick<Session, 'api'>,
  { id, version }: OwnWebhook,
  method: string,
  body: Readonly<Record<string, unknown>> = {},
): Promise<ApiAnswer> {
  return api({ method: 'POST', path: `webhooks/${encodeURIComponent(id)}${method}`, version, body })
}

const maxTries = 3

/**
 * What comes of `ask` where no call of it has to wait for its turn, which would count as time of what it measures. It
 * may be asked three times.
 */
export async function undisturbed<T>({ pace, wait }: Session, ask: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    if (pace.limit() !== undefined) await wait(minuteMs)
    const before = pace.pauses()
    const result = await ask()
    if (pace.pauses() === before || tries === maxTries) return result
  }
}
