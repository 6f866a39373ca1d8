import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TimingSink {
  readonly url: string
  /**
   * When each event was answered 2xx for the first time, by its CloudEvent id, in milliseconds of `performance.now()`.
   */
  readonly answeredMs: ReadonlyMap<string, number>
  forget(): void
  stop(): void
}

/** A worker that takes everything at once. In the process of the generator: one clock for both ends. */
export async function startTimingSink(): Promise<TimingSink> {
  const answeredMs = new Map<string, number>()
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.statusCode = 204
      response.end()
      const id = String(request.headers['ce-id'])
      if (!answeredMs.has(id)) answeredMs.set(id, performance.now())
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    answeredMs,
    forget: () => answeredMs.clear(),
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
