import { createSecretKey } from 'node:crypto'

import type { Benchmark, BenchmarkOptions } from '../benchmark.ts'
import { checkoutsToMeasure } from '../check-out.ts'
import { compareRounds, comparisonTable, type Compared } from '../compare-rounds.ts'
import { findDrivers, type Driver } from '../delivery/drivers.ts'
import { aSecret, deliveryPath } from '../delivery/installation.ts'
import { openReceivers } from '../delivery/open-receivers.ts'
import { machine } from '../machine.ts'
import { playRounds } from '../play-rounds.ts'
import { thisCheckout, type Checkout } from '../role-process.ts'
import { loadsFor, type Plan } from './loads.ts'
import { measureReceiver, receiverFigures, type ReceiverFigure } from './measure-receiver.ts'
import { openWithoutDispatcher } from './open-without-dispatcher.ts'
import { signedRequests } from './signed-requests.ts'
import { startBareServer } from './start-bare-server.ts'

const full: Plan = { rounds: 5, requestsPerRound: 20_000, warmUpRequests: 10_000, openLoopSeconds: 4 }
const smoke: Plan = { rounds: 1, requestsPerRound: 1_000, warmUpRequests: 500, openLoopSeconds: 2 }
const bodyBytes = 600
/** Nothing is sent there: the sink is held. */
const sinkUrl = 'http://worker.bench.svc/events'
const figureNames = Object.keys(receiverFigures) as ReceiverFigure[]

interface Level extends Compared {
  inbox: Driver['name']
  load: string
}

/**
 * What the receiver costs: verified, deduplicated and committed with fsync, against `node:http` that answers 204 at
 * once, same machine, same run.
 */
export const receiverBenchmark: Benchmark = {
  name: 'receiver',
  about: 'deliveries per second, verified and durable with fsync, beside a bare node:http server',
  comparesCommits: true,
  async run(options) {
    const plan = options.smoke ? smoke : full
    const checkouts = await checkoutsToMeasure(options)
    const levels: Level[] = []
    for (const driver of findDrivers()) levels.push(...(await measureDriver(driver, checkouts, plan, options)))
    const on = 'limits, look-up, signature, dedupe, one delivery to claim for each event, metrics, log'
    // A commit can only be started as it ships, so in a comparison this checkout is, too.
    const off = options.compare === undefined ? 'dispatcher' : 'sending (the dispatcher runs, its sink is held)'
    const text = levels.map(
      ({ inbox, load, ...compared }) =>
        `\n${inbox}, ${load}: median of ${plan.rounds} rounds (least–most)\n${comparisonTable(receiverFigures, compared)}`,
    )
    return {
      result: { ...machine(), fsync: true, on, off, bodyBytes, ...plan, levels },
      text: `${text.join('')}\nnot running: ${off}\n`,
    }
  },
}

async function measureDriver(
  driver: Driver,
  checkouts: readonly Checkout[],
  plan: Plan,
  options: BenchmarkOptions,
): Promise<Level[]> {
  await using own = new AsyncDisposableStack()
  const parts = options.parts.use(own)
  const secret = aSecret()
  const requestsOf = (count: number) => {
    const source = { path: deliveryPath(), key: createSecretKey(secret), bodyBytes, nowMs: Date.now() }
    return signedRequests(count, source).bytes
  }
  const bare = await startBareServer(parts)
  const receivers =
    options.compare === undefined
      ? [await openWithoutDispatcher(driver, secret, parts)]
      : await openReceivers(driver, checkouts, { secret, sinkUrl, holdsSinks: true }, parts)
  const servers = [{ name: 'bare', receiver: bare }, ...receivers]
  const levels: Level[] = []
  for (const { name: load, send, warmUpRequests, requestsPerRound } of loadsFor(driver.name, plan)) {
    const players = servers.map(({ name, receiver }) => ({
      name,
      play: (requests: readonly Buffer[]) => measureReceiver(receiver, requests, send),
    }))
    const warmUp = requestsOf(warmUpRequests)
    for (const { play } of players) await play(warmUp)
    // Fresh ids for each round: a duplicate would be folded, which is less work.
    const prepare = (round: number) => {
      options.progress(`${driver.name}, ${load}: round ${round} of ${plan.rounds}`)
      return requestsOf(requestsPerRound)
    }
    const played = await playRounds(plan.rounds, prepare, players)
    levels.push({ inbox: driver.name, load, ...compareRounds(figureNames, played, thisCheckout.name) })
  }
  return levels
}
