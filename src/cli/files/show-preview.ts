import type { RequestPreview, SinkPreview } from './preview-sinks.ts'

/** One event at one sink of one object. */
export interface Preview extends SinkPreview {
  /** The file of the event. */
  readonly event: string
  readonly kind: string
  readonly object: string
}

/** For programs: a body that is no text stands as base64. */
export function previewValue({ request, ...preview }: Preview) {
  if (request === undefined) return preview
  const { body, ...head } = request
  const text = textOf(body)
  const shown = text === undefined ? { bodyBase64: Buffer.from(body).toString('base64') } : { body: text }
  return { ...preview, request: { ...head, ...shown } }
}

/** For people: a line for each sink, and below it what would be sent, as it goes over the wire. */
export function previewText(preview: Preview): string {
  const { event, kind, object, sink, result, cause, request } = preview
  const end = cause === undefined ? result : `${result} (${cause})`
  const line = `${event}: ${kind} ${object}, sink ${sink}: ${end}`
  return request === undefined ? `${line}\n` : `${line}\n${requestText(request)}`
}

function requestText({ to, method, headers, headersOf, body }: RequestPreview): string {
  const lines = [
    method === undefined ? to : `${method} ${to}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(headersOf === undefined ? [] : [`(headers of Secret ${headersOf})`]),
  ]
  return `${lines.join('\n')}\n\n${textOf(body) ?? `(base64) ${Buffer.from(body).toString('base64')}`}\n`
}

/** Undefined for what is no UTF-8. */
function textOf(body: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}
