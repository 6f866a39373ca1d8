import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

import protobuf from 'protobufjs'

const field = (id: number, type: string, rule?: 'repeated') => ({ id, type, ...(rule !== undefined && { rule }) })

/** What tests look at of OTLP 1, by the numbers of its messages; the decoder leaves out what it does not know. */
const messages = protobuf.Root.fromJSON({
  nested: {
    Request: { fields: { resourceSpans: field(1, 'ResourceSpans', 'repeated') } },
    ResourceSpans: { fields: { resource: field(1, 'Resource'), scopeSpans: field(2, 'ScopeSpans', 'repeated') } },
    Resource: { fields: { attributes: field(1, 'KeyValue', 'repeated') } },
    ScopeSpans: { fields: { spans: field(2, 'Span', 'repeated') } },
    Span: {
      fields: {
        traceId: field(1, 'bytes'),
        spanId: field(2, 'bytes'),
        traceState: field(3, 'string'),
        parentSpanId: field(4, 'bytes'),
        name: field(5, 'string'),
        kind: field(6, 'int32'),
        startTimeUnixNano: field(7, 'fixed64'),
        endTimeUnixNano: field(8, 'fixed64'),
        attributes: field(9, 'KeyValue', 'repeated'),
        status: field(15, 'Status'),
      },
    },
    Status: { fields: { message: field(2, 'string'), code: field(3, 'int32') } },
    KeyValue: { fields: { key: field(1, 'string'), value: field(2, 'AnyValue') } },
    AnyValue: {
      oneofs: { value: { oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue'] } },
      fields: {
        stringValue: field(1, 'string'),
        boolValue: field(2, 'bool'),
        intValue: field(3, 'int64'),
        doubleValue: field(4, 'double'),
      },
    },
  },
})
const requestType = messages.lookupType('Request')

interface WrittenAttribute {
  key: string
  value: { value: 'stringValue' | 'boolValue' | 'intValue' | 'doubleValue' } & Readonly<Record<string, unknown>>
}

interface WrittenSpan {
  traceId: Uint8Array
  spanId: Uint8Array
  parentSpanId: Uint8Array
  traceState: string
  name: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes: WrittenAttribute[]
  status?: { message: string; code: number }
}

interface WrittenRequest {
  resourceSpans: { resource: { attributes: WrittenAttribute[] }; scopeSpans: { spans: WrittenSpan[] }[] }[]
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']

/** A span as a collector got it; ids in hex, times in milliseconds. */
export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  /** Empty of one that begins a trace. */
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: string | undefined
  readonly startMs: number
  readonly endMs: number
  readonly attributes: Readonly<Record<string, unknown>>
  /** The message of a status that is an error. */
  readonly error: string | undefined
  readonly resource: Readonly<Record<string, unknown>>
}

export interface OtlpCollector {
  /** For `--trace-endpoint`. */
  readonly url: string
  readonly spans: readonly CollectedSpan[]
  /** Headers of each request. */
  readonly requests: readonly IncomingMessage['headers'][]
}

/** Takes OTLP over HTTP as a collector does, in protobuf, and keeps it. Ends with the test. */
export async function startOtlpCollector(t: TestContext): Promise<OtlpCollector> {
  const spans: CollectedSpan[] = []
  const requests: IncomingMessage['headers'][] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const isOurs = request.url === '/v1/traces' && request.headers['content-type'] === 'application/x-protobuf'
      if (!isOurs) return response.writeHead(404).end()
      requests.push(request.headers)
      spans.push(...spansIn(Buffer.concat(chunks)))
      return response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => server.close().closeAllConnections())
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans, requests }
}

function spansIn(bytes: Buffer): CollectedSpan[] {
  const written = requestType.toObject(requestType.decode(bytes), {
    longs: String,
    arrays: true,
    defaults: true,
    oneofs: true,
  }) as WrittenRequest
  return written.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) => spans.map((span) => collected(span, valuesOf(resource.attributes)))),
  )
}

function collected(span: WrittenSpan, resource: CollectedSpan['resource']): CollectedSpan {
  const { traceId, spanId, parentSpanId, traceState, name, kind, attributes, status } = span
  const ofError = 2
  return {
    traceId: asHex(traceId),
    spanId: asHex(spanId),
    parentSpanId: asHex(parentSpanId),
    traceState,
    name,
    kind: kinds[kind],
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: valuesOf(attributes),
    error: status?.code === ofError ? status.message : undefined,
    resource,
  }
}

const asHex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

function valuesOf(attributes: readonly WrittenAttribute[]): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }) => {
      const given = value[value.value]
      return [key, value.value === 'intValue' ? Number(given) : given]
    }),
  )
}
