import { KeepAliveConnection } from './keep-alive-connection.ts'
import { measuredFrom, type Measured } from './measured.ts'

const tickMs = 1
/** Taken in turn, so that none is silent for long: the receiver ends connections that do not begin to speak. */
const connections = 128

/**
 * Sends the requests at a fixed rate, whether or not answers have come, as a sender with many customers does. Latency
 * counts from when a request was due, so that a pause of either side shows. Rejects on any answer but 204, unless
 * `onRefused` takes it, told the position of the request. `startMs`: when the first one was due, by
 * `performance.now()`.
 */
export async function measureOpenLoop(
  port: number,
  requests: readonly Buffer[],
  ratePerSecond: number,
  onRefused?: (at: number) => void,
): Promise<Measured & { startMs: number }> {
  const idle = await Promise.all(Array.from({ length: connections }, () => KeepAliveConnection.open(port)))
  const all = [...idle]
  const latenciesMs = new Float64Array(requests.length)
  const startMs = performance.now()
  const dueMs = (index: number) => startMs + (index * 1000) / ratePerSecond
  let timer: NodeJS.Timeout | undefined
  try {
    await new Promise<void>((resolve, reject) => {
      let next = 0
      let answered = 0
      // Without an idle connection the due requests wait their turn, and the waiting is in their latency.
      const sendDue = () => {
        const nowMs = performance.now()
        while (next < requests.length && dueMs(next) <= nowMs) {
          const connection = idle.shift()
          if (connection === undefined) return
          send(connection, next++)
        }
      }
      const send = (connection: KeepAliveConnection, index: number) => {
        connection.send(requests[index] ?? Buffer.alloc(0), (error) => {
          if (error !== undefined) {
            if (onRefused === undefined || !connection.isOpen) return reject(error)
            onRefused(index)
          }
          latenciesMs[index] = performance.now() - dueMs(index)
          idle.push(connection)
          if (++answered === requests.length) resolve()
        })
      }
      timer = setInterval(sendDue, tickMs)
    })
    return { ...measuredFrom(latenciesMs, performance.now() - startMs), startMs }
  } finally {
    clearInterval(timer)
    for (const connection of all) connection.close()
  }
}
