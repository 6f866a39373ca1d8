import type { KubernetesObject, WatchEvent } from './client.ts'

/** etcd refuses objects above 1.5 MiB; ten times that in one line is not a watch event but a broken server or proxy. */
const maxLineChars = 16 * 1024 * 1024

const initialEventsEndAnnotation = 'k8s.io/initial-events-end'

/** Splits a watch body into its JSON lines. An unfinished last line is dropped: the connection was cut inside it. */
export async function* readLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    let searchFrom = rest.length
    rest += decoder.decode(chunk, { stream: true })
    for (let end = rest.indexOf('\n', searchFrom); end !== -1; end = rest.indexOf('\n', searchFrom)) {
      const line = rest.slice(0, end)
      rest = rest.slice(end + 1)
      searchFrom = 0
      if (line !== '') yield line
    }
    if (rest.length > maxLineChars) throw new Error(`watch event longer than ${maxLineChars} characters`)
  }
}

/** One line of a watch. Throws on anything that is not a watch event: ignoring it would silently lose a change. */
export function parseWatchEvent<T extends KubernetesObject>(line: string): WatchEvent<T> {
  const { type, object } = JSON.parse(line) as { type: unknown; object: unknown }
  if (typeof object !== 'object' || object === null) throw new Error('watch event without an object')
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      return { type, object: object as T }
    case 'BOOKMARK': {
      const { metadata } = object as KubernetesObject
      return {
        type,
        resourceVersion: metadata.resourceVersion ?? '',
        initialEventsEnd: metadata.annotations?.[initialEventsEndAnnotation] === 'true',
      }
    }
    case 'ERROR': {
      const { code, reason, message } = object as { code?: unknown; reason?: unknown; message?: unknown }
      return {
        type,
        status: typeof code === 'number' ? code : 500,
        reason: typeof reason === 'string' ? reason : 'Unknown',
        message: typeof message === 'string' ? message : '',
      }
    }
    default:
      throw new Error('watch event of an unknown type')
  }
}
