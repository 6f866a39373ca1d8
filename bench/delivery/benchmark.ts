import { createSecretKey, randomBytes } from 'node:crypto'
import { availableParallelism, cpus } from 'node:os'

import type { Benchmark } from '../benchmark.ts'
import { measureOpenLoop } from '../receiver/open-loop.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { startServerProcess } from '../server-process.ts'
import { openDrivers, type Driver } from './drivers.ts'
import { install } from './installation.ts'
import { latencyOf, measureDelivery, type Delivered, type Latency } from './measure-delivery.ts'
import { startTimingSink, type TimingSink } from './timing-sink.ts'

const full = { rates: [500, 2_000], seconds: 15, warmUpSeconds: 4, patienceMs: 30_000 }
const smoke = { rates: [100], seconds: 1, warmUpSeconds: 1, patienceMs: 10_000 }
/** A rate that anything here can do. */
const warmUpPerSecond = 300

interface Level extends Delivered {
  /** `node:http` that answers 204 at once, at the same rate, right before. */
  bare: Latency
  /** Delivered per bare: the figures that mean something on another machine too. */
  ratio: { p50: number; p99: number }
}

/** What a delivery takes from the first byte of its POST to the 2xx of its sink, with everything on that ships. */
export const deliveryBenchmark: Benchmark = {
  name: 'delivery',
  about: 'from the POST to the 2xx of the sink, both inboxes, beside a bare node:http server',
  async run({ smoke: isSmoke, progress }) {
    const plan = isSmoke ? smoke : full
    await using parts = new AsyncDisposableStack()
    const sink = await startTimingSink()
    parts.defer(() => sink.stop())
    const drivers = await openDrivers()
    for (const driver of drivers) parts.defer(() => driver.stop())
    const inboxes: Record<string, unknown>[] = []
    for (const driver of drivers) {
      const levels = await measureDriver(driver, sink, plan)
      for (const { ratePerSecond, delivered, undelivered, refused } of levels) {
        progress(
          `${driver.name} ${ratePerSecond}/s: p50 ${delivered.p50Ms} ms, p99 ${delivered.p99Ms} ms, ${undelivered} undelivered, ${refused} refused`,
        )
      }
      inboxes.push({ inbox: driver.name, durability: driver.durability, levels })
    }
    const absent = drivers.some(({ name }) => name === 'jetstream')
      ? {}
      : { absent: 'jetstream: no nats-server on PATH' }
    const machine = { node: process.version, cpu: cpus()[0]?.model, cores: availableParallelism() }
    const on =
      'limits, look-up, signature, dedupe, inbox, dispatcher, address guard, CloudEvents, metrics, log (info, to a file)'
    return { ...machine, on, ...plan, inboxes, ...absent }
  },
}

async function measureDriver(driver: Driver, sink: TimingSink, plan: typeof full): Promise<Level[]> {
  const { seconds, warmUpSeconds, patienceMs } = plan
  await using parts = new AsyncDisposableStack()
  const bare = await startServerProcess(new URL('../receiver/bare-server.ts', import.meta.url))
  parts.defer(() => bare.stop())
  const installation = await install({ sinkUrl: sink.url, endpoints: 1, inboxFlags: driver.inboxFlags })
  parts.defer(() => installation.stop())
  await measureDelivery(installation, sink, { ratePerSecond: warmUpPerSecond, seconds: warmUpSeconds, patienceMs })
  const levels: Level[] = []
  for (const ratePerSecond of plan.rates) {
    const bareLatency = await measureBare(bare.port, ratePerSecond, seconds)
    const delivered = await measureDelivery(installation, sink, { ratePerSecond, seconds, patienceMs })
    const ratio = {
      p50: rounded(delivered.delivered.p50Ms / bareLatency.p50Ms),
      p99: rounded(delivered.delivered.p99Ms / bareLatency.p99Ms),
    }
    levels.push({ ...delivered, bare: bareLatency, ratio })
  }
  return levels
}

async function measureBare(port: number, ratePerSecond: number, seconds: number): Promise<Latency> {
  const source = { path: '/', key: createSecretKey(randomBytes(24)), bodyBytes: 600, nowMs: Date.now() }
  return latencyOf(await measureOpenLoop(port, signedRequests(ratePerSecond * seconds, source), ratePerSecond))
}

function rounded(ratio: number): number {
  return Math.round(ratio * 100) / 100
}
