import type { Figures } from '../play-rounds.ts'
import { cpuMsOf } from '../process-cost.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import { measuredFrom } from '../receiver/measured.ts'
import type { SignedRequests } from '../receiver/signed-requests.ts'
import type { ServerProcess } from '../server-process.ts'
import { waitWhileMoving } from '../wait-while-moving.ts'
import type { Store } from './drivers.ts'
import type { TimingSink } from './timing-sink.ts'

/** How long nothing may arrive before those that are still missing are given up. */
export const patience = { stalledMs: 30_000, pollMs: 20 }

/** With the words of the table. CPU is per acknowledged delivery, sending included. */
export const deliveryFigures = {
  answerP50Ms: 'answer p50, ms',
  answerP99Ms: 'answer p99, ms',
  sinkP50Ms: "sink's 2xx p50, ms",
  sinkP99Ms: "sink's 2xx p99, ms",
  cpuMicroseconds: 'CPU per delivery, µs',
  mainThreadMicroseconds: '- main thread, µs',
  otherThreadsMicroseconds: '- other threads, µs',
  serverMicroseconds: "nats-server's CPU, µs",
  refused: 'refused, deliveries',
  undelivered: 'not delivered, deliveries',
} as const
export type DeliveryFigure = keyof typeof deliveryFigures

export interface Load {
  requests: SignedRequests
  ratePerSecond: number
}

interface Installed {
  receiver: ServerProcess
  store: Pick<Store, 'serverCpuMs'>
  sink: TimingSink
}

/**
 * Deliveries at a fixed rate, whether or not answers have come, until the last one has reached the sink. Latencies
 * count from when a request was due: to its answer, and to the sink's 2xx for it. Refused is what was answered with
 * anything but 204; not delivered is what was acknowledged and did not come to the sink while anything did.
 */
export async function measureDelivery(
  { receiver, store, sink }: Installed,
  { requests: { ids, bytes }, ratePerSecond }: Load,
): Promise<Figures<DeliveryFigure>> {
  const refused = new Set<number>()
  const before = await receiver.cost()
  const serverMsBefore = store.serverCpuMs()
  const answered = await measureOpenLoop(receiver.port, bytes, ratePerSecond, (at) => refused.add(at))
  const isMissing = (id: string, at: number) => !refused.has(at) && !sink.answeredMs.has(id)
  const { missing } = await waitWhileMoving(() => {
    const left = ids.filter(isMissing).length
    return left === 0 ? undefined : { left, what: `${left} deliveries` }
  }, patience)
  const serverMs = store.serverCpuMs()
  const after = await receiver.cost()
  const dueMs = (at: number) => answered.startMs + (at * 1000) / ratePerSecond
  const latenciesMs = ids.flatMap((id, at) => {
    const sinkMs = sink.answeredMs.get(id)
    return sinkMs === undefined ? [] : [sinkMs - dueMs(at)]
  })
  sink.forget()
  const delivered = measuredFrom(Float64Array.from(latenciesMs), 1_000)
  const perDelivery = (ms: number) => Math.round((ms * 1000) / Math.max(1, ids.length - refused.size))
  return {
    answerP50Ms: answered.p50Ms,
    answerP99Ms: answered.p99Ms,
    sinkP50Ms: delivered.p50Ms,
    sinkP99Ms: delivered.p99Ms,
    cpuMicroseconds: perDelivery(cpuMsOf(after) - cpuMsOf(before)),
    mainThreadMicroseconds: perDelivery(after.mainThreadCpuMs - before.mainThreadCpuMs),
    otherThreadsMicroseconds: perDelivery(after.otherThreadsCpuMs - before.otherThreadsCpuMs),
    ...(serverMs !== undefined && { serverMicroseconds: perDelivery(serverMs - (serverMsBefore ?? 0)) }),
    refused: refused.size,
    undelivered: missing?.left ?? 0,
  }
}

/** The yardstick has no sink behind it: its answer stands for both. */
export async function measureBare(
  bare: ServerProcess,
  { requests: { bytes }, ratePerSecond }: Load,
): Promise<Figures<DeliveryFigure>> {
  const { p50Ms, p99Ms } = await measureOpenLoop(bare.port, bytes, ratePerSecond)
  return { answerP50Ms: p50Ms, answerP99Ms: p99Ms, sinkP50Ms: p50Ms, sinkP99Ms: p99Ms }
}
