import { createSecretKey } from 'node:crypto'
import { availableParallelism, cpus } from 'node:os'

import type { Benchmark } from '../benchmark.ts'
import { deliveryPath, install, type Installation } from '../delivery/installation.ts'
import { latencyOf, type Latency } from '../delivery/measure-delivery.ts'
import { startTimingSink } from '../delivery/timing-sink.ts'
import { costOf } from '../process-cost.ts'
import { measureClosedLoop } from '../receiver/closed-loop.ts'
import { median } from '../receiver/measured.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { fillInbox } from './fill-inbox.ts'

const full = { endpoints: 10_000, stored: 1_000_000, minutes: 10, perSecond: 200, sliceSeconds: 20 }
const smoke = { endpoints: 100, stored: 1_000, minutes: 0.1, perSecond: 50, sliceSeconds: 2 }
const bodyBytes = 600
const warmUpRequests = 2_000
const warmUpConnections = 16
const mebibyte = 1024 * 1024

interface Sample extends Latency {
  minute: number
  residentMiB: number
}

/** Whether a receiver that has much to remember grows while it works at a constant rate. */
export const soakBenchmark: Benchmark = {
  name: 'soak',
  about: 'resident size with 10,000 endpoints and 1,000,000 remembered events, over ten minutes at a constant rate',
  async run({ smoke: isSmoke, progress }) {
    const plan = isSmoke ? smoke : full
    await using parts = new AsyncDisposableStack()
    const sink = await startTimingSink()
    parts.defer(() => sink.stop())
    const startedMs = performance.now()
    const installation = await install({
      sinkUrl: sink.url,
      endpoints: plan.endpoints,
      inboxFlags: (folder) => [`--data-dir=${folder}/data`, '--inbox-max=16GiB', '--inbox-max-events=2000000'],
      prepare: (folder, owners) => fillInbox(`${folder}/data/inbox.sqlite`, owners, plan.stored),
    })
    parts.defer(() => installation.stop())
    const startSeconds = Math.round((performance.now() - startedMs) / 1000)
    const ready = await costOf(installation.receiver)
    progress(`ready after ${startSeconds} s with ${Math.round(ready.residentBytes / mebibyte)} MiB`)
    const samples = await soak(installation, plan, (sample) => {
      sink.forget()
      progress(`minute ${sample.minute}: ${sample.residentMiB} MiB, p99 ${sample.p99Ms} ms`)
    })
    const middle = Math.floor(samples.length / 2)
    const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
    return {
      ...machine,
      ...plan,
      readyResidentMiB: Math.round(ready.residentBytes / mebibyte),
      /**
       * Typical of the second half less typical of the first: single samples go up and down with the garbage
       * collections.
       */
      growthMiB: typical(samples.slice(middle)) - typical(samples.slice(0, middle)),
      samples,
    }
  },
}

/** Slices of constant rate, each over all endpoints in turn, and a look at the process after each. */
async function soak(
  { receiver, secret }: Installation,
  plan: typeof full,
  onSample: (sample: Sample) => void,
): Promise<Sample[]> {
  const key = createSecretKey(secret)
  let turn = 0
  const requests = (count: number) =>
    Array.from({ length: count }, () => {
      const path = deliveryPath(turn++ % plan.endpoints)
      return signedRequests(1, { path, key, bodyBytes, nowMs: Date.now() })
    }).flat()
  await measureClosedLoop(receiver.port, requests(warmUpRequests), warmUpConnections)
  const samples: Sample[] = []
  const slices = Math.max(2, Math.round((plan.minutes * 60) / plan.sliceSeconds))
  for (let slice = 1; slice <= slices; slice += 1) {
    const { perSecond, sliceSeconds } = plan
    const measured = await measureOpenLoop(receiver.port, requests(perSecond * sliceSeconds), perSecond)
    const { residentBytes } = await costOf(receiver)
    const minute = Math.round(((slice * sliceSeconds) / 60) * 10) / 10
    const sample = { minute, residentMiB: Math.round(residentBytes / mebibyte), ...latencyOf(measured) }
    samples.push(sample)
    onSample(sample)
  }
  return samples
}

function typical(samples: readonly Sample[]): number {
  return median(samples.map(({ residentMiB }) => residentMiB))
}
