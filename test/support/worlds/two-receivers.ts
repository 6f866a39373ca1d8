import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

import { createAdminServer } from '../../../src/admin/admin-server.ts'
import { receiversIn } from '../../../src/cli/deliveries/open-receivers.ts'
import { clusterIn, operatorIn } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import type { Environment } from '../../../src/config/sources.ts'
import { DeliveryFeed } from '../../../src/feed/delivery-feed.ts'
import { EventFeed } from '../../../src/feed/event-feed.ts'
import { openSqliteInbox } from '../../../src/inbox/sqlite/open-sqlite-inbox.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { kubeconfigFor } from '../builders/kubeconfig.ts'
import { FakeClock } from '../doubles/fake-clock.ts'
import { startPortForwardDouble } from '../doubles/port-forward-double.ts'
import { gwhCommand, gwhCommands } from '../processes/gwh-command.ts'

const underWay = () =>
  new Map([
    ['default', { underWay: 3, waiting: 1 }],
    ['ml', { underWay: 0, waiting: 2 }],
  ])

/** A receiver as far as its admin port goes: a real inbox, a real server. */
async function aReceiver(t: TestContext, folder: string, given: { isInboxShared?: boolean } = {}) {
  const clock = new FakeClock()
  const around = { clock, logger: silentLogger, metrics: createMetrics() }
  const inbox = await openSqliteInbox({ path: join(folder, 'inbox.db'), ...around })
  const feed = new DeliveryFeed()
  const { isInboxShared = false } = given
  const begun = { count: 0 }
  const beginHandover = async () => void begun.count++
  const arrivals = new EventFeed()
  const shown = { feed, arrivals, isInboxShared, beginHandover, onReplayed: () => {}, underWay }
  const server = createAdminServer({ port: 0, version: '1.2.3', ...around, inbox, ...shown })
  const { port } = await server.listen()
  t.after(async () => {
    await server.close()
    await inbox.close()
  })
  return { port, inbox, feed, arrivals, clock, server, begun }
}

interface Given {
  isInboxShared?: boolean
  /** What the user has no right to, by its path. */
  forbidden?: RegExp
  /** Objects that do not exist, by their path. */
  absent?: RegExp
  /** Where operators run, the one with these receivers first. */
  namespaces?: readonly string[]
  /** The namespace of the kubeconfig's context. */
  context?: string
  /** What the clock of the commands says; not given: the real time. */
  now?: string
}

/** Two receivers behind an API server that forwards, and the program's commands. */
export async function twoReceivers(t: TestContext, given: Given = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-cli-'))
  t.after(() => rm(folder, { recursive: true }))
  const [a, b] = await Promise.all(['a', 'b'].map((name) => aReceiver(t, join(folder, name), given)))
  assert.ok(a && b)
  const { forbidden, absent, context, namespaces = ['gemini-webhook-system'] } = given
  const seen: string[] = []
  const answer = ({ url = '', headers }: IncomingMessage) => {
    seen.push(`${url} ${headers.authorization}`)
    if (absent?.test(url) === true) return undefined
    const asked = /\/namespaces\/([^/]+)\/pods/.exec(url)?.[1]
    const running = ['gwh-receiver-1', 'gwh-receiver-0'].map((name) => aPod(name, 'Running', namespaces[0]))
    const others = namespaces.map((namespace) => aPod('gwh-controller-0', 'Running', namespace))
    const all = [...running, aPod('gwh-receiver-2', 'Pending', namespaces[0]), ...others]
    const component = /component=(\w+)/.exec(decodeURIComponent(url))?.[1] ?? ''
    const items = all
      .filter(({ metadata }) => metadata.name.includes(component))
      .filter(({ metadata }) => asked === undefined || metadata.namespace === asked)
    return { kind: 'PodList', metadata: {}, items }
  }
  const pods = { 'gwh-receiver-0': a.port, 'gwh-receiver-1': b.port }
  const api = await startPortForwardDouble({ pods, answer, ...(forbidden !== undefined && { forbidden }) })
  t.after(() => api.close())
  const kubeconfig = join(folder, 'kubeconfig')
  await writeFile(kubeconfig, kubeconfigFor(api.url, context))
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const clock = given.now === undefined ? systemClock : new FakeClock(given.now)
  const parts = { clock, cluster: clusterIn(deps), receivers: receiversIn(deps), operator: operatorIn(deps) }
  const gwhWith = (env: Environment) => gwhCommand(parts, { GWH_KUBECONFIG: kubeconfig, ...env })
  return { a, b, gwh: gwhWith({}), gwhWith, seen, api, commands: gwhCommands(parts), kubeconfig }
}

function aPod(name: string, phase: string, namespace = '') {
  const spec = { containers: [{ image: 'registry.example.com:5000/gwh:1.2.2@sha256:0123abcd' }] }
  return { metadata: { name, namespace }, spec, status: { phase } }
}
