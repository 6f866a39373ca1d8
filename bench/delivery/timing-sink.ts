import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface TimingSink {
  readonly url: string
  /**
   * When each event was answered 2xx for the first time, by its CloudEvent id, in milliseconds of `performance.now()`.
   */
  readonly answeredMs: ReadonlyMap<string, number>
  /** The same of what came by a route: by the route, `NAMESPACE/NAME`, then by id. */
  readonly copiesMs: ReadonlyMap<string, ReadonlyMap<string, number>>
  forget(): void
  stop(): void
}

/** A worker that takes everything at once. In the process of the generator: one clock for both ends. */
export async function startTimingSink(): Promise<TimingSink> {
  const answeredMs = new Map<string, number>()
  const copiesMs = new Map<string, Map<string, number>>()
  const timesOf = (route: string | undefined) => {
    if (route === undefined) return answeredMs
    const times = copiesMs.get(route) ?? new Map<string, number>()
    copiesMs.set(route, times)
    return times
  }
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.statusCode = 204
      response.end()
      const id = String(request.headers['ce-id'])
      const times = timesOf(request.headers['ce-geminiroute']?.toString())
      if (!times.has(id)) times.set(id, performance.now())
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    answeredMs,
    copiesMs,
    forget: () => {
      answeredMs.clear()
      copiesMs.clear()
    },
    stop: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
