import { eventBody, eventData, jobOutcomes, type JobType } from '../../playground/webhook-service/events.ts'
import { switchesSchema } from '../../playground/webhook-service/switches.ts'
import { deliveryPolicyOf } from '../../src/api/defaults.ts'
import type { GeminiEventType } from '../../src/contract/consumers/gemini-events.ts'
import type { ResolvedSink } from '../../src/contract/keyring/entry.ts'
import { parseEnvelope } from '../../src/gemini/parse-event.ts'
import type { OutgoingDelivery } from '../../src/sinks/port.ts'
import { buildRequest } from '../../src/sinks/build-request.ts'

export const formats = ['CloudEventBinary', 'CloudEventStructured', 'Original'] as const
export type Format = (typeof formats)[number]

/** Published in the docs, so no secret at all. */
export const exampleSigningSecret = `whsec_${Buffer.from('an example for the documentation').toString('base64')}`

export interface ExampleRequest {
  type: GeminiEventType
  format: Format
  headers: Record<string, string>
  body: string
}

const atMs = Date.parse('2026-11-21T12:00:00Z')
const jobId = '3kq0x5v9m2'
const switches = switchesSchema.parse({})

/** The delivery of such an event to a sink called `worker`, as the dispatcher hands it to the sink. */
export function exampleDelivery(type: GeminiEventType, sink: Partial<ResolvedSink>): OutgoingDelivery {
  return {
    event: {
      owner: { uid: '5a1c', namespace: 'ml', name: 'batch-events' },
      eventId: 'msg_6c7c4f0e-8a55-4d0e-9d5c-0b7a9c1f2e34',
      sentAtSeconds: atMs / 1000,
      receivedAtMs: atMs,
      mode: 'static',
      contentType: 'application/json',
      signature: 'v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=',
      body: bodyOf(type),
      sinks: ['worker'],
    },
    sink: { ...aSink, ...sink },
    attempt: 1,
    replayed: false,
  }
}

/** What the receiver sends for it: built by what builds every request, as headers and body. */
export function exampleRequest(type: GeminiEventType, format: Format, signingSecret?: string): ExampleRequest {
  const sink = { format, ...(signingSecret !== undefined && { signingSecret }) }
  const built = buildRequest(exampleDelivery(type, sink), { parseEnvelope, nowMs: atMs + 1_000 })
  if (!built.built) throw new Error(`no request was built for ${type} as ${format}: ${built.cause}`)
  return { type, format, headers: built.headers, body: Buffer.from(built.body).toString() }
}

const aSink: ResolvedSink = {
  name: 'worker',
  destination: { type: 'http', url: 'http://worker.ml.svc:80/events', reach: 'cluster' },
  format: 'CloudEventBinary',
  headers: {},
  delivery: deliveryPolicyOf({}),
}

/** As the simulated WebhookService writes it when such a job ends. */
function bodyOf(type: GeminiEventType): Uint8Array {
  const [job = '', outcome = ''] = type.split('.')
  if (!isJob(job)) throw new Error(`no job ends with ${type}`)
  const ended = jobOutcomes[job].find((each) => each === outcome)
  if (ended === undefined) throw new Error(`no ${job} ends as ${outcome}`)
  const id = job === 'interaction' ? `v1_${jobId}` : jobId
  const data = eventData({ id, type: job, outcome: ended, input: 'file', userMetadata: undefined }, switches)
  return eventBody({ type, timestamp: '2026-11-21T11:59:58Z', data, switches })
}

function isJob(name: string): name is JobType {
  return name in jobOutcomes
}
