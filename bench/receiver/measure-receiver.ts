import type { Figures } from '../play-rounds.ts'
import { cpuMsOf } from '../process-cost.ts'
import type { ServerProcess } from '../server-process.ts'
import type { Measured } from './measured.ts'

/** With the words of the table. CPU is of the server's process. */
export const receiverFigures = {
  perSecond: 'answers per second',
  p50Ms: 'answer p50, ms',
  p99Ms: 'answer p99, ms',
  cpuMicroseconds: 'CPU per delivery, µs',
  mainThreadMicroseconds: '- main thread, µs',
  otherThreadsMicroseconds: '- other threads, µs',
} as const
export type ReceiverFigure = keyof typeof receiverFigures

/** How requests are sent, to a port. */
export type Generator = (port: number, requests: readonly Buffer[]) => Promise<Measured>

/** All requests, as fast or as slowly as the generator sends them, and what they cost the server's process. */
export async function measureReceiver(
  server: ServerProcess,
  requests: readonly Buffer[],
  send: Generator,
): Promise<Figures<ReceiverFigure>> {
  const before = await server.cost()
  const { perSecond, p50Ms, p99Ms } = await send(server.port, requests)
  const after = await server.cost()
  const perDelivery = (ms: number) => Math.round((ms * 1000) / requests.length)
  return {
    perSecond,
    p50Ms,
    p99Ms,
    cpuMicroseconds: perDelivery(cpuMsOf(after) - cpuMsOf(before)),
    mainThreadMicroseconds: perDelivery(after.mainThreadCpuMs - before.mainThreadCpuMs),
    otherThreadsMicroseconds: perDelivery(after.otherThreadsCpuMs - before.otherThreadsCpuMs),
  }
}
