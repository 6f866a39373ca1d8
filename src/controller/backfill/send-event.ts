import type { Clock } from '../../clock.ts'
import { staticUrl } from '../../contract/endpoint-path.ts'
import { keptAsHeader } from '../../contract/kept-as.ts'
import type { LiveSecret } from '../../contract/keyring/entry.ts'
import { openOutbound, type OutboundSettings } from '../../outbound/open-outbound.ts'
import { signedDelivery } from '../../signature/signed-delivery.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'
import type { SeenBatch } from './seen-batches.ts'

/** Where an event goes: the endpoint of one object. */
export interface EventTarget {
  readonly namespace: string
  readonly name: string
  /** Where Google delivers to. */
  readonly publicUrl: string
  /** Live ones, current first. */
  readonly secrets: readonly LiveSecret[]
}

export type SentEvent =
  | { state: 'stored' | 'duplicate' }
  /** `why`: for people, without what it is about. `endsRun`: the next event would fare no better, or do harm. */
  | { state: 'failed'; why: string; endsRun?: true }

/** Sends the event of one batch to the receivers; bounded, never throws. */
export type SendBackfillEvent = (batch: SeenBatch, target: EventTarget) => Promise<SentEvent>

interface SenderOptions {
  clock: Clock
  /** Of the receivers inside the cluster, with their path prefix. Absent: where Google reaches them. */
  receiverUrl?: string | undefined
  way?: OutboundSettings
  /** Of one request. */
  timeoutMs?: number
}

const defaultTimeoutMs = 10_000
const maxAnswerBytes = 16 * 1024

/** Speaks to the receivers as Google does, with the secrets that Google signs with. */
export function createBackfillSender(options: SenderOptions): { send: SendBackfillEvent; close(): Promise<void> } {
  const { clock, receiverUrl, timeoutMs = defaultTimeoutMs, way = {} } = options
  const outbound = openOutbound(way, { clock })
  const base = receiverUrl === undefined ? undefined : new URL(receiverUrl)

  async function send(batch: SeenBatch, target: EventTarget): Promise<SentEvent> {
    const delivery = deliveryOf(batch, target, clock.now())
    if (delivery === undefined) return failed('the keyring has no signing secret that can be used')
    const { origin, pathname } = new URL(base === undefined ? target.publicUrl : staticUrl(base, target))
    const end = new AbortController()
    const cancelTimeout = clock.after(timeoutMs, () => end.abort())
    try {
      const { statusCode, headers, body } = await outbound.request({
        method: 'POST',
        origin,
        path: pathname,
        headers: delivery.headers,
        body: delivery.body,
        signal: end.signal,
      })
      await body.dump({ limit: maxAnswerBytes, signal: end.signal }).catch(() => {})
      return judgeAnswer(statusCode, headers[keptAsHeader])
    } catch (error) {
      return failed(end.signal.aborted ? 'they did not answer in time' : explain(failureCauseOf(error)))
    } finally {
      cancelTimeout()
    }
  }
  return { send, close: () => outbound.close() }
}

function deliveryOf({ id, type, endedAtMs, outputFileUri, eventId }: SeenBatch, target: EventTarget, nowMs: number) {
  const [key, ...otherKeys] = target.secrets.flatMap(({ secret }) => {
    const decoded = decodeIssuedSecret(secret)
    return decoded.ok ? [decoded.value] : []
  })
  if (key === undefined) return undefined
  const data = { id, ...(outputFileUri !== undefined && { output_file_uri: outputFileUri }) }
  return signedDelivery({ id: eventId, type, data, atMs: endedAtMs }, { key, otherKeys, nowMs })
}

function judgeAnswer(status: number, keptAs: string | string[] | undefined): SentEvent {
  if (status < 200 || status >= 300) return failed(`they answered ${status}`)
  if (keptAs === 'stored' || keptAs === 'duplicate') return { state: keptAs }
  const why = `they do not say whether an event is new (${keptAsHeader}): upgrade the receivers, and let what stands before them pass that header`
  return { state: 'failed', why, endsRun: true }
}

function explain(cause: ReturnType<typeof failureCauseOf>): string {
  return `no request reached them (${cause})`
}

function failed(why: string): SentEvent {
  return { state: 'failed', why }
}
