import type { Store } from '../delivery/drivers.ts'
import { patience, type Load } from '../delivery/measure-delivery.ts'
import type { TimingSink } from '../delivery/timing-sink.ts'
import type { Figures } from '../play-rounds.ts'
import { cpuMsOf } from '../process-cost.ts'
import { measuredFrom } from '../receiver/measured.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import type { ServerProcess } from '../server-process.ts'
import { waitWhileMoving } from '../wait-while-moving.ts'

/** With the words of the table. An event is one that was acknowledged; a delivery is one to a sink, whosoever it is. */
export const routesFigures = {
  answerP50Ms: 'answer p50, ms',
  answerP99Ms: 'answer p99, ms',
  sinkP50Ms: "webhook's sink, 2xx p50, ms",
  sinkP99Ms: "webhook's sink, 2xx p99, ms",
  copyP50Ms: "routes' sinks, 2xx p50, ms",
  copyP99Ms: "routes' sinks, 2xx p99, ms",
  eventCpuMicroseconds: 'CPU per event, µs',
  deliveryCpuMicroseconds: 'CPU per delivery, µs',
  serverMicroseconds: "nats-server's CPU per event, µs",
  copies: 'copies per event',
  refused: 'refused, events',
  undelivered: 'not delivered, deliveries',
} as const
export type RoutesFigure = keyof typeof routesFigures

interface Installed {
  receiver: ServerProcess
  store: Pick<Store, 'serverCpuMs'>
  sink: TimingSink
  /** How many routes match each event. */
  matching: number
}

/**
 * Events at a fixed rate, whether or not answers have come, until the last delivery has reached its sink. Latencies
 * count from when a request was due. A copy for a route that does not match counts as well, so that more copies than
 * there should be would show.
 */
export async function measureRoutes(
  { receiver, store, sink, matching }: Installed,
  { requests: { ids, bytes }, ratePerSecond }: Load,
): Promise<Figures<RoutesFigure>> {
  let refused = 0
  const before = await receiver.cost()
  const serverMsBefore = store.serverCpuMs()
  const { startMs, p50Ms, p99Ms } = await measureOpenLoop(receiver.port, bytes, ratePerSecond, () => (refused += 1))
  const events = ids.length - refused
  const { missing } = await waitWhileMoving(() => {
    const left = events * (1 + matching) - sink.answeredMs.size - countCopies(sink)
    return left <= 0 ? undefined : { left, what: `${left} deliveries` }
  }, patience)
  const serverMs = store.serverCpuMs()
  const cpuMs = cpuMsOf(await receiver.cost()) - cpuMsOf(before)
  const dueMs = new Map(ids.map((id, at) => [id, startMs + (at * 1000) / ratePerSecond]))
  const copies = countCopies(sink)
  const latencies = latenciesOf(sink, dueMs)
  sink.forget()
  return {
    answerP50Ms: p50Ms,
    answerP99Ms: p99Ms,
    ...latencies,
    eventCpuMicroseconds: microsecondsEach(cpuMs, events),
    deliveryCpuMicroseconds: microsecondsEach(cpuMs, events + copies),
    ...(serverMs !== undefined && { serverMicroseconds: microsecondsEach(serverMs - (serverMsBefore ?? 0), events) }),
    copies: copies / Math.max(1, events),
    refused,
    undelivered: missing?.left ?? 0,
  }
}

/** By route and event, however often each was sent. */
function countCopies({ copiesMs }: TimingSink): number {
  return copiesMs.values().reduce((sum, { size }) => sum + size, 0)
}

/** `dueMs`: when the request of each event was due. */
function latenciesOf({ answeredMs, copiesMs }: TimingSink, dueMs: ReadonlyMap<string, number>): Figures<RoutesFigure> {
  const since = (times: ReadonlyMap<string, number>) =>
    [...times].flatMap(([id, atMs]) => {
      const due = dueMs.get(id)
      return due === undefined ? [] : [atMs - due]
    })
  const own = measuredFrom(Float64Array.from(since(answeredMs)), 1_000)
  if (copiesMs.size === 0) return { sinkP50Ms: own.p50Ms, sinkP99Ms: own.p99Ms }
  const copies = measuredFrom(Float64Array.from([...copiesMs.values()].flatMap(since)), 1_000)
  return { sinkP50Ms: own.p50Ms, sinkP99Ms: own.p99Ms, copyP50Ms: copies.p50Ms, copyP99Ms: copies.p99Ms }
}

function microsecondsEach(ms: number, count: number): number {
  return Math.round((ms * 1000) / Math.max(1, count))
}
