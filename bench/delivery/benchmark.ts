import { createSecretKey } from 'node:crypto'

import type { Benchmark, BenchmarkOptions } from '../benchmark.ts'
import { checkoutsToMeasure } from '../check-out.ts'
import { compareRounds, comparisonTable, type Compared } from '../compare-rounds.ts'
import { machine } from '../machine.ts'
import { playRounds } from '../play-rounds.ts'
import { startBareServer } from '../receiver/start-bare-server.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { thisCheckout, type Checkout } from '../role-process.ts'
import { findDrivers, type Driver } from './drivers.ts'
import { aSecret, deliveryPath } from './installation.ts'
import { deliveryFigures, measureBare, measureDelivery, type DeliveryFigure, type Load } from './measure-delivery.ts'
import { openReceivers } from './open-receivers.ts'
import { startTimingSink, type TimingSink } from './timing-sink.ts'

const full = { rates: [500, 2_000], rounds: 5, seconds: 3, warmUpSeconds: 4 }
const smoke = { rates: [100], rounds: 1, seconds: 1, warmUpSeconds: 1 }
/** A rate that anything here can do. */
const warmUpPerSecond = 300
const bodyBytes = 600
const figureNames = Object.keys(deliveryFigures) as DeliveryFigure[]

type Plan = typeof full

interface Level extends Compared {
  ratePerSecond: number
}

/** What a delivery takes from the first byte of its POST to the 2xx of its sink, with everything on that ships. */
export const deliveryBenchmark: Benchmark = {
  name: 'delivery',
  about: 'from the POST to the 2xx of the sink, both inboxes, beside a bare node:http server',
  comparesCommits: true,
  async run(options) {
    const plan = options.smoke ? smoke : full
    const sink = await startTimingSink()
    options.parts.defer(() => sink.stop())
    const checkouts = await checkoutsToMeasure(options)
    const drivers = findDrivers()
    const inboxes: { inbox: Driver['name']; durability: string; levels: Level[] }[] = []
    for (const driver of drivers) {
      const levels = await measureDriver(driver, { sink, checkouts, plan, options })
      inboxes.push({ inbox: driver.name, durability: driver.durability, levels })
    }
    const absent = drivers.some(({ name }) => name === 'jetstream')
      ? {}
      : { absent: 'jetstream: no nats-server on PATH' }
    const on =
      'limits, look-up, signature, dedupe, inbox, dispatcher, address guard, CloudEvents, metrics, log (info, to a file)'
    const text = inboxes.flatMap(({ inbox, durability, levels }) =>
      levels.map(
        (level) =>
          `\n${inbox} (${durability}), ${level.ratePerSecond} a second, rounds of ${plan.seconds} s: ` +
          `median of ${plan.rounds} (least–most)\n${comparisonTable(deliveryFigures, level)}`,
      ),
    )
    return { result: { ...machine(), on, bodyBytes, ...plan, inboxes, ...absent }, text: text.join('') }
  },
}

interface Setting {
  sink: TimingSink
  checkouts: readonly Checkout[]
  plan: Plan
  options: BenchmarkOptions
}

async function measureDriver(driver: Driver, { sink, checkouts, plan, options }: Setting): Promise<Level[]> {
  await using own = new AsyncDisposableStack()
  const parts = options.parts.use(own)
  const secret = aSecret()
  const loadOf = (ratePerSecond: number, seconds: number): Load => {
    const source = { path: deliveryPath(), key: createSecretKey(secret), bodyBytes, nowMs: Date.now() }
    return { requests: signedRequests(ratePerSecond * seconds, source), ratePerSecond }
  }
  const opened = await openReceivers(driver, checkouts, { secret, sinkUrl: sink.url }, parts)
  const receivers = opened.map((each) => ({
    name: each.name,
    play: (load: Load) => measureDelivery({ ...each, sink }, load),
  }))
  for (const { play } of receivers) await play(loadOf(warmUpPerSecond, plan.warmUpSeconds))
  const bare = await startBareServer(parts)
  const players = [{ name: 'bare', play: (load: Load) => measureBare(bare, load) }, ...receivers]
  const levels: Level[] = []
  for (const ratePerSecond of plan.rates) {
    const prepare = (round: number) => {
      options.progress(`${driver.name}, ${ratePerSecond} a second: round ${round} of ${plan.rounds}`)
      return loadOf(ratePerSecond, plan.seconds)
    }
    const played = await playRounds(plan.rounds, prepare, players)
    levels.push({ ratePerSecond, ...compareRounds(figureNames, played, thisCheckout.name) })
  }
  return levels
}
