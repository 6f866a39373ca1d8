import { createSecretKey } from 'node:crypto'

import type { Benchmark } from '../benchmark.ts'
import { findDrivers, type Driver } from '../delivery/drivers.ts'
import { aSecret, deliveryPath, install } from '../delivery/installation.ts'
import type { Load } from '../delivery/measure-delivery.ts'
import { measureInboxes, type Setting } from '../delivery/measure-inboxes.ts'
import { startTimingSink } from '../delivery/timing-sink.ts'
import type { Player } from '../play-rounds.ts'
import { signedRequests } from '../receiver/signed-requests.ts'
import { makeScratchFolder } from '../scratch-folder.ts'
import { measureRoutes, routesFigures, type RoutesFigure } from './measure-routes.ts'
import { matchingOf, metadata, someRoutes } from './some-routes.ts'

const full = { routes: [0, 1, 100, 1_000], rates: [100, 200], rounds: 5, seconds: 3, warmUpSeconds: 4 }
const smoke = { routes: [0, 1, 10], rates: [100], rounds: 1, seconds: 1, warmUpSeconds: 1 }
const warmUpPerSecond = 100
const bodyBytes = 600

type Plan = typeof full

/** What attached routes cost: the answer to Google beside that without any, and each copy that a route gets. */
export const routesBenchmark: Benchmark = {
  name: 'routes',
  about:
    'answers and deliveries of a webhook with 1, 100 and 1,000 routes, of which 3 match, beside none; both inboxes',
  comparesCommits: false,
  async run(options) {
    const plan = options.smoke ? smoke : full
    // Copies of the event on three servers say nothing of routes.
    const drivers = findDrivers().filter(({ name }) => name !== 'jetstream of three')
    const prepare = (driver: Driver, parts: AsyncDisposableStack) => prepareInbox(driver, plan, parts)
    const told = { bodyBytes }
    return measureInboxes({ drivers, plan, labels: routesFigures, unit: ' events', told, prepare }, options)
  },
}

/** A receiver for each number of routes, each with an inbox of its own, in turn. */
async function prepareInbox(driver: Driver, plan: Plan, parts: AsyncDisposableStack): Promise<Setting<RoutesFigure>> {
  const sink = await startTimingSink()
  parts.defer(() => sink.stop())
  const secret = aSecret()
  const loadOf = (ratePerSecond: number, seconds: number): Load => {
    const source = { path: deliveryPath(), key: createSecretKey(secret), bodyBytes, nowMs: Date.now(), metadata }
    return { requests: signedRequests(ratePerSecond * seconds, source), ratePerSecond }
  }
  const players: Player<RoutesFigure, Load>[] = []
  for (const routes of plan.routes) {
    const folder = await makeScratchFolder(`routes-${routes}`, parts)
    const store = await driver.open(folder, parts)
    const installation = { folder, secret, sinkUrl: sink.url, endpoints: 1, inboxFlags: store.flags }
    const receiver = await install({ ...installation, routesOf: (webhook) => someRoutes(webhook, routes) }, parts)
    const installed = { receiver, store, sink, matching: matchingOf(routes) }
    players.push({ name: nameOf(routes), play: (load) => measureRoutes(installed, load) })
  }
  for (const player of players) await player.play(loadOf(warmUpPerSecond, plan.warmUpSeconds))
  return { players, subject: nameOf(plan.routes.at(-1) ?? 0), loadOf }
}

function nameOf(routes: number): string {
  if (routes === 0) return 'no routes'
  return routes === 1 ? '1 route' : `${routes.toLocaleString('en-US')} routes`
}
