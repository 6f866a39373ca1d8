import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

interface Answer {
  status: number
  headers?: Record<string, string>
}

/** A server on a free port that answers what `judge` makes of a request; and how to end it. */
async function serve(judge: (request: IncomingMessage, body: string) => Answer) {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { status, headers = {} } = judge(request, Buffer.concat(chunks).toString())
      response.writeHead(status, headers).end()
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    close: () => server.close().closeAllConnections(),
  }
}

const isJson = ({ headers }: IncomingMessage) => headers['content-type']?.startsWith('application/json') === true

function parsed(body: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** As strict as PostgREST over one table with these columns, the first of them its key: anything else is 400. */
export async function startStrictPostgrest(table: string, columns: readonly [string, ...string[]]) {
  const rows = new Map<string, Record<string, unknown>>()
  const [key] = columns
  const server = await serve((request, body) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
    if (request.method !== 'POST' || pathname !== `/${table}`) return { status: 404 }
    const row = parsed(body)
    const known = Object.entries(row).every(([name, value]) => columns.includes(name) && typeof value === 'string')
    if (!isJson(request) || !known || columns.some((name) => row[name] === undefined)) return { status: 400 }
    const name = String(row[key])
    const mayMerge =
      request.headers['prefer'] === 'resolution=merge-duplicates' && searchParams.get('on_conflict') === key
    if (rows.has(name) && !mayMerge) return { status: 409 }
    rows.set(name, row)
    return { status: 201 }
  })
  return { ...server, rows }
}
