import { createSecretKey } from 'node:crypto'

import type { InboxOwner } from '../../src/inbox/port.ts'
import type { Benchmark } from '../benchmark.ts'
import { aSecret, deliveryPath, install } from '../delivery/installation.ts'
import { startTimingSink } from '../delivery/timing-sink.ts'
import { machine } from '../machine.ts'
import { measureClosedLoop } from '../receiver/closed-loop.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { makeScratchFolder } from '../scratch-folder.ts'
import type { ServerProcess } from '../server-process.ts'
import { median, spreadOf, spreadText } from '../spread.ts'
import { renderTable } from '../table.ts'
import { fillInbox } from './fill-inbox.ts'

const full = { endpoints: 10_000, stored: 1_000_000, minutes: 10, perSecond: 200, sliceSeconds: 20 }
const smoke = { endpoints: 100, stored: 1_000, minutes: 0.1, perSecond: 50, sliceSeconds: 2 }
const bodyBytes = 600
const warmUpRequests = 2_000
const warmUpConnections = 16
const mebibyte = 1024 * 1024

interface Sample {
  minute: number
  p50Ms: number
  p99Ms: number
  residentMiB: number
}

/** Whether a receiver that has much to remember grows while it works at a constant rate. */
export const soakBenchmark: Benchmark = {
  name: 'soak',
  about: 'resident size with 10,000 endpoints and 1,000,000 remembered events, over ten minutes at a constant rate',
  comparesCommits: false,
  async run({ smoke: isSmoke, progress, parts }) {
    const plan = isSmoke ? smoke : full
    const sink = await startTimingSink()
    parts.defer(() => sink.stop())
    const startedMs = performance.now()
    const secret = aSecret()
    const folder = await makeScratchFolder('soak', parts)
    const installation = {
      folder,
      secret,
      sinkUrl: sink.url,
      endpoints: plan.endpoints,
      inboxFlags: [`--data-dir=${folder}/data`, '--inbox-max=16GiB', '--inbox-max-events=2000000'],
      prepare: (owners: readonly InboxOwner[]) => fillInbox(`${folder}/data/inbox.sqlite`, owners, plan.stored),
    }
    const receiver = await install(installation, parts)
    const startSeconds = Math.round((performance.now() - startedMs) / 1000)
    const readyResidentMiB = Math.round((await receiver.cost()).residentBytes / mebibyte)
    progress(`ready after ${startSeconds} s with ${readyResidentMiB} MiB`)
    const samples = await soak({ receiver, secret }, plan, (sample) => {
      sink.forget()
      progress(`minute ${sample.minute}: ${sample.residentMiB} MiB, p99 ${sample.p99Ms} ms`)
    })
    const middle = Math.floor(samples.length / 2)
    /**
     * Typical of the second half less typical of the first: single samples go up and down with the garbage collections.
     */
    const growthMiB = typical(samples.slice(middle)) - typical(samples.slice(0, middle))
    return {
      result: { ...machine(), ...plan, readyResidentMiB, growthMiB, samples },
      text: textOf(plan, { readyResidentMiB, growthMiB, samples }),
    }
  },
}

function textOf(
  plan: typeof full,
  { readyResidentMiB, growthMiB, samples }: { readyResidentMiB: number; growthMiB: number; samples: Sample[] },
): string {
  const spread = (figure: (sample: Sample) => number) => spreadText(spreadOf(samples.map(figure)))
  const rows = [
    ['resident when ready, MiB', String(readyResidentMiB)],
    ['resident, MiB', spread(({ residentMiB }) => residentMiB)],
    ['growth from the first half to the second, MiB', String(growthMiB)],
    ['answer p50, ms', spread(({ p50Ms }) => p50Ms)],
    ['answer p99, ms', spread(({ p99Ms }) => p99Ms)],
  ]
  const load = `${plan.perSecond} a second, ${plan.endpoints} endpoints, ${plan.stored} stored events`
  return `\n${load}: median of ${samples.length} slices of ${plan.sliceSeconds} s (least–most)\n${renderTable(rows)}`
}

/** Slices of constant rate, each over all endpoints in turn, and a look at the process after each. */
async function soak(
  { receiver, secret }: { receiver: ServerProcess; secret: Buffer },
  plan: typeof full,
  onSample: (sample: Sample) => void,
): Promise<Sample[]> {
  const key = createSecretKey(secret)
  let turn = 0
  const requests = (count: number) =>
    Array.from({ length: count }, () => {
      const path = deliveryPath(turn++ % plan.endpoints)
      return signedRequests(1, { path, key, bodyBytes, nowMs: Date.now() }).bytes
    }).flat()
  await measureClosedLoop(receiver.port, requests(warmUpRequests), warmUpConnections)
  const samples: Sample[] = []
  const slices = Math.max(2, Math.round((plan.minutes * 60) / plan.sliceSeconds))
  for (let slice = 1; slice <= slices; slice += 1) {
    const { perSecond, sliceSeconds } = plan
    const { p50Ms, p99Ms } = await measureOpenLoop(receiver.port, requests(perSecond * sliceSeconds), perSecond)
    const { residentBytes } = await receiver.cost()
    const minute = Math.round(((slice * sliceSeconds) / 60) * 10) / 10
    const sample = { minute, residentMiB: Math.round(residentBytes / mebibyte), p50Ms, p99Ms }
    samples.push(sample)
    onSample(sample)
  }
  return samples
}

function typical(samples: readonly Sample[]): number {
  return median(samples.map(({ residentMiB }) => residentMiB))
}
