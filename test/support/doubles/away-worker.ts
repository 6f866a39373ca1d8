import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'

/** A worker that is away until it is told to come back, and remembers how often it got each event. */
export async function anAwayWorker(t: TestContext) {
  const received = new Map<string, number>()
  let isAway = true
  const server = createServer((request, response) => {
    const id = String(request.headers['ce-id'])
    request.resume().on('end', () => {
      if (isAway) return response.writeHead(503).end()
      received.set(id, (received.get(id) ?? 0) + 1)
      return response.writeHead(204).end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/events`, received, comeBack: () => (isAway = false) }
}
