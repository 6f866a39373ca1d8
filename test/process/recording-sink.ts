import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface RecordingSink {
  readonly url: string
  /** CloudEvent ids of what was taken. */
  readonly received: ReadonlySet<string>
  /** What was taken more than once. */
  readonly repeats: number
  /** Arrivals, taken or not, whose CloudEvent id is not the id of the delivery that their body tells. */
  readonly misnamed: readonly string[]
  close(): void
}

/**
 * A worker that answers 204 and remembers each CloudEvent id, or answers 503 and forgets it. Bodies name their delivery
 * in `data.id`.
 */
export async function startRecordingSink(failingShare: number, random: () => number): Promise<RecordingSink> {
  const received = new Set<string>()
  const misnamed: string[] = []
  let repeats = 0
  const server = createServer((request, response) => {
    const id = String(request.headers['ce-id'])
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const told = toldBy(Buffer.concat(chunks).toString('utf8'))
      if (told !== id) misnamed.push(`${id}, told ${told}`)
      if (random() < failingShare) {
        response.writeHead(503).end()
        return
      }
      if (received.has(id)) repeats += 1
      received.add(id)
      response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/events`,
    received,
    misnamed,
    get repeats() {
      return repeats
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

function toldBy(body: string): string {
  try {
    return (JSON.parse(body) as { data: { id: string } }).data.id
  } catch {
    return 'nothing: the body is not what was sent'
  }
}
