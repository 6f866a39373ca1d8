import { KeepAliveConnection } from './keep-alive-connection.ts'
import { measuredFrom, type Measured } from './measured.ts'

/**
 * Sends the requests over so many connections, the next on each as soon as its answer is there. Rejects on any answer
 * but 204.
 */
export async function measureClosedLoop(
  port: number,
  requests: readonly Buffer[],
  connections: number,
): Promise<Measured> {
  const opened = await Promise.all(Array.from({ length: connections }, () => KeepAliveConnection.open(port)))
  try {
    const latenciesMs = new Float64Array(requests.length)
    const state = { next: 0 }
    const startMs = performance.now()
    await Promise.all(opened.map((connection) => drive(connection, requests, { state, latenciesMs })))
    return measuredFrom(latenciesMs, performance.now() - startMs)
  } finally {
    for (const connection of opened) connection.close()
  }
}

interface Progress {
  /** Shared by all connections: whoever is free takes the next request. */
  state: { next: number }
  latenciesMs: Float64Array
}

function drive(
  connection: KeepAliveConnection,
  requests: readonly Buffer[],
  { state, latenciesMs }: Progress,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current = 0
    let sentMs = 0
    const sendNext = () => {
      current = state.next++
      const request = requests[current]
      if (request === undefined) return resolve()
      sentMs = performance.now()
      connection.send(request, onAnswer)
    }
    const onAnswer = (error?: Error) => {
      if (error !== undefined) return reject(error)
      latenciesMs[current] = performance.now() - sentMs
      sendNext()
    }
    sendNext()
  })
}
