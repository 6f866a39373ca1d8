import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A CloudEvent as the worker got it. */
export interface ReceivedEvent {
  readonly id: string
  readonly type: string
  readonly source: string
  readonly subject: string | undefined
  /** `deliveryattempt` and other extensions, by name. */
  readonly extensions: Readonly<Record<string, string>>
  /** Parsed where it is JSON, else text. */
  readonly data: unknown
  /** True when an event with the same source and id had come before: at least once means that this can happen. */
  readonly repeated: boolean
}

/** What a worker does with requests, and how many it took. */
interface WorkerState {
  /** The status with which everything is refused; undefined: events are accepted. */
  readonly refusesWith: number | undefined
  /** Events since the start, repeated ones included. */
  readonly accepted: number
}

export interface SampleWorker {
  readonly port: number
  /** What was accepted, oldest first; at most the last thousand. */
  readonly events: readonly ReceivedEvent[]
  /** From now on every request is refused with this status; undefined: accepted again. */
  refuseWith(status: number | undefined): void
  state(): WorkerState
  close(): Promise<void>
}

export interface SampleWorkerOptions {
  host: string
  /** 0: any free one. */
  port: number
  /** Called after each accepted event. */
  onEvent?: (event: ReceivedEvent) => void
}

const maxBodyBytes = 1024 * 1024
const maxKept = 1000
const contextAttributes = new Set([
  'id',
  'type',
  'source',
  'subject',
  'specversion',
  'time',
  'datacontenttype',
  'data',
  'data_base64',
])

/**
 * What a user's worker looks like from the outside: accepts CloudEvents 1.0 by POST, binary or structured, and answers
 * 204. Anything else is refused as a strict worker would, so that a malformed event does not pass unnoticed.
 */
export async function startSampleWorker({ host, port, onEvent }: SampleWorkerOptions): Promise<SampleWorker> {
  const events: ReceivedEvent[] = []
  let refusesWith: number | undefined
  let accepted = 0
  const take = async (request: IncomingMessage): Promise<number> => {
    if (request.method !== 'POST') return 405
    const body = await readBody(request)
    if (body === undefined) return 413
    if (refusesWith !== undefined) return refusesWith
    const event = parseCloudEvent(request.headers, body)
    if (event === undefined) return 400
    const repeated = events.some((earlier) => earlier.id === event.id && earlier.source === event.source)
    const received = { ...event, repeated }
    events.push(received)
    accepted += 1
    if (events.length > maxKept) events.shift()
    onEvent?.(received)
    return 204
  }
  const server = createServer((request, response) => {
    take(request).then(
      (status) => answer(response, status),
      () => response.destroy(), // the sender went away
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  })
  return {
    port: (server.address() as AddressInfo).port,
    events,
    refuseWith: (status) => void (refusesWith = status),
    state: () => ({ refusesWith, accepted }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

function answer(response: ServerResponse, status: number): void {
  response.writeHead(status, status === 405 ? { allow: 'POST' } : {})
  response.end()
}

async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes <= maxBodyBytes) chunks.push(chunk)
  }
  return bytes <= maxBodyBytes ? Buffer.concat(chunks) : undefined
}

type CloudEvent = Omit<ReceivedEvent, 'repeated'>

/** undefined: not a CloudEvent 1.0. */
function parseCloudEvent(headers: IncomingMessage['headers'], body: Buffer): CloudEvent | undefined {
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType === 'application/cloudevents+json') return parseStructured(body)
  const attributes = Object.entries(headers)
    .filter(([name]) => name.startsWith('ce-'))
    .map(([name, value]) => [name.slice('ce-'.length), decode(String(value))])
  return toEvent(Object.fromEntries(attributes) as Record<string, string>, parseData(body))
}

function parseStructured(body: Buffer): CloudEvent | undefined {
  const event = parseData(body)
  if (typeof event !== 'object' || event === null) return undefined
  const { data, data_base64: base64, ...attributes } = event as Record<string, unknown>
  const data64 = typeof base64 === 'string' ? parseData(Buffer.from(base64, 'base64')) : undefined
  const texts = Object.entries(attributes).map(([name, value]) => [name, String(value)])
  return toEvent(Object.fromEntries(texts) as Record<string, string>, data ?? data64)
}

function toEvent(attributes: Readonly<Record<string, string>>, data: unknown): CloudEvent | undefined {
  const { id, type, source, subject, specversion } = attributes
  if (specversion !== '1.0' || !id || !type || !source) return undefined
  const extensions = Object.fromEntries(Object.entries(attributes).filter(([name]) => !contextAttributes.has(name)))
  return { id, type, source, subject, extensions, data }
}

function parseData(body: Buffer): unknown {
  const text = body.toString()
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Header values are percent-encoded (CloudEvents HTTP binding, section 3.1.3.2); a stray `%` is taken as it stands. */
function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
