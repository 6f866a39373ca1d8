import { createSecretKey } from 'node:crypto'

import type { Benchmark } from '../benchmark.ts'
import { checkoutsToMeasure } from '../check-out.ts'
import { startBareServer } from '../receiver/start-bare-server.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { thisCheckout, type Checkout } from '../role-process.ts'
import { findDrivers, type Driver } from './drivers.ts'
import { aSecret, deliveryPath } from './installation.ts'
import { deliveryFigures, measureBare, measureDelivery, type DeliveryFigure, type Load } from './measure-delivery.ts'
import { measureInboxes, type Setting } from './measure-inboxes.ts'
import { openReceivers } from './open-receivers.ts'
import { startTimingSink, type TimingSink } from './timing-sink.ts'

const usual = { rates: [500, 2_000], rounds: 5, seconds: 3, warmUpSeconds: 4 }
/** What an inbox holds for a minute. The bodies and signatures of a round are made before it, which bounds it. */
const full = { rates: [1_000, 2_500], rounds: 1, seconds: 60, warmUpSeconds: 4 }
const smoke = { rates: [100], rounds: 1, seconds: 1, warmUpSeconds: 1 }
/** A rate that anything here can do. */
const warmUpPerSecond = 300
const bodyBytes = 600

type Plan = typeof usual

/** What a delivery takes from the first byte of its POST to the 2xx of its sink, with everything on that ships. */
export const deliveryBenchmark: Benchmark = {
  name: 'delivery',
  about: 'from the POST to the 2xx of the sink, both inboxes, beside a bare node:http server',
  comparesCommits: true,
  async run(options) {
    const plan = options.smoke ? smoke : options.full ? full : usual
    const sink = await startTimingSink()
    options.parts.defer(() => sink.stop())
    const checkouts = await checkoutsToMeasure(options)
    const on =
      'limits, look-up, signature, dedupe, inbox, dispatcher, address guard, CloudEvents, metrics, log (info, to a file)'
    const prepare = (driver: Driver, parts: AsyncDisposableStack) =>
      prepareInbox(driver, { sink, checkouts, plan, parts })
    const told = { on, bodyBytes }
    return measureInboxes({ drivers: findDrivers(), plan, labels: deliveryFigures, unit: '', told, prepare }, options)
  },
}

interface Scene {
  sink: TimingSink
  checkouts: readonly Checkout[]
  plan: Plan
  parts: AsyncDisposableStack
}

async function prepareInbox(driver: Driver, { sink, checkouts, plan, parts }: Scene): Promise<Setting<DeliveryFigure>> {
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
  return { players, subject: thisCheckout.name, loadOf }
}
