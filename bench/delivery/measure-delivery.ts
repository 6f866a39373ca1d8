import { createSecretKey } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'

import { measuredFrom } from '../receiver/measured.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { costOf } from '../process-cost.ts'
import { deliveryPath, type Installation } from './installation.ts'
import type { TimingSink } from './timing-sink.ts'

const bodyBytes = 600
const pollMs = 20

export interface Latency {
  p50Ms: number
  p99Ms: number
}

export interface Delivered {
  ratePerSecond: number
  /** From when a request was due to its answer. */
  acknowledged: Latency
  /** From when a request was due to the sink's 2xx for it. */
  delivered: Latency
  /** Answered with anything but 204: asked to come again. */
  refused: number
  /** Acknowledged and not with the sink when the patience was over: the rate is above what it can do. */
  undelivered: number
  /** Of the receiver's process, per acknowledged delivery, sending included. */
  cpuMicroseconds: number
}

export interface DeliveryPlan {
  ratePerSecond: number
  seconds: number
  /** For deliveries that have not arrived when the last one has been sent. */
  patienceMs: number
}

/** Deliveries at a fixed rate, whether or not answers have come, until the last one has reached the sink. */
export async function measureDelivery(
  { receiver, secret }: Pick<Installation, 'receiver' | 'secret'>,
  sink: TimingSink,
  { ratePerSecond, seconds, patienceMs }: DeliveryPlan,
): Promise<Delivered> {
  const ids: string[] = []
  const source = { path: deliveryPath(), key: createSecretKey(secret), bodyBytes, nowMs: Date.now() }
  const requests = signedRequests(ratePerSecond * seconds, source, (id) => ids.push(id))
  const refused = new Set<number>()
  const before = await costOf(receiver)
  const { startMs, ...acknowledged } = await measureOpenLoop(receiver.port, requests, ratePerSecond, (at) =>
    refused.add(at),
  )
  const missing = () => ids.filter((id, at) => !refused.has(at) && !sink.answeredMs.has(id)).length
  for (let waitedMs = 0; waitedMs < patienceMs && missing() > 0; waitedMs += pollMs) await sleep(pollMs)
  const after = await costOf(receiver)
  const undelivered = missing()
  const latenciesMs = ids.flatMap((id, at) => {
    const answeredMs = sink.answeredMs.get(id)
    return answeredMs === undefined ? [] : [answeredMs - startMs - (at * 1000) / ratePerSecond]
  })
  sink.forget()
  const taken = requests.length - refused.size
  return {
    ratePerSecond,
    acknowledged: latencyOf(acknowledged),
    delivered: latencyOf(measuredFrom(Float64Array.from(latenciesMs), seconds * 1000)),
    refused: refused.size,
    undelivered,
    cpuMicroseconds: Math.round(((after.cpuMs - before.cpuMs) * 1000) / Math.max(1, taken)),
  }
}

export function latencyOf({ p50Ms, p99Ms }: Latency): Latency {
  return { p50Ms, p99Ms }
}
