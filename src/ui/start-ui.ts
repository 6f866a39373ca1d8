import type { AddressInfo } from 'node:net'

import type { FastifyPluginAsync } from 'fastify'

import { receiversIn } from '../cli/deliveries/open-receivers.ts'
import type { RunningUi } from '../cli/open-ui.ts'
import { chooseOperator, operatorNamespaces } from '../cli/find-operator.ts'
import { placeOf } from '../cli/connection.ts'
import { readLeader } from '../cli/installation/leader.ts'
import { clusterIn, operatorIn } from '../cli/operator-access.ts'
import { sleep, type Clock } from '../clock.ts'
import type { UiConfig } from '../config/ui-config.ts'
import { currentContext } from '../kubernetes/context-namespace.ts'
import { act } from './actions/act.ts'
import { pageHandlers } from './answers.ts'
import { Entries } from './entries.ts'
import { readCallBudget } from './installation/call-budget.ts'
import { readFindings } from './installation/findings.ts'
import { readAccess } from './needed-rights.ts'
import { messageOf } from './message-of.ts'
import { pageTopics } from './page-topics.ts'
import { ReceiverWatch } from './receivers/receiver-watch.ts'
import { Rights } from './rights.ts'
import { readRouteDetail } from './routes/read-route-detail.ts'
import { RouteWatch } from './routes/route-watch.ts'
import { WebhookWatch } from './rows/webhook-watch.ts'
import type { PageFiles } from './server/page-files.ts'
import { createPageServer } from './server/page-server.ts'
import { openSession } from './server/session.ts'
import { Streams } from './server/streams.ts'
import { endpointProbe } from './webhook/endpoint-probe.ts'

export interface UiDeps {
  readonly clock: Clock
  readonly random: () => number
  readonly version: string
  /** Routes below `api/`, behind the same gate: those of a playground. */
  readonly playground?: FastifyPluginAsync
  /** In place of a new one: a server that is started again lets in who was let in before. */
  readonly token?: string
  /** In place of those that ship. */
  readonly files?: PageFiles
}

/** Where the operator was not found by then, its usual namespace is taken. */
const lookForOperatorMs = 3_000
const loopback = '127.0.0.1'

/**
 * The page of an installation on this machine's loopback, with the rights of the user of the kubeconfig: resolves once
 * it listens. Throws where there is no usable kubeconfig or the port is taken; an API server or a receiver that is away
 * is a state of the page.
 */
export async function startUi(config: UiConfig, deps: UiDeps): Promise<RunningUi> {
  const { clock, random, version } = deps
  const { healthPort } = config
  const place = placeOf(config)
  const context = currentContext(place)
  const installation = {
    clock,
    random,
    version,
    cluster: clusterIn(deps),
    receivers: receiversIn(deps),
    operator: operatorIn(deps),
  }
  await using parts = new AsyncDisposableStack()
  const client = await installation.cluster(config)
  parts.defer(() => client.close())
  // An API server that is away is a state of the page, and shown there: the page does not wait for it.
  const found = () =>
    Promise.race([
      operatorNamespaces(client).catch(() => undefined),
      sleep(clock, lookForOperatorMs).then(() => undefined),
    ])
  const operatorNamespace = config.operatorNamespace ?? chooseOperator(await found())
  const connection = { ...config, operatorNamespace }

  const entries = new Entries()
  const webhooks = new WebhookWatch({
    client,
    clock,
    random,
    namespace: config.namespace,
    ownNamespace: context.namespace,
  })
  const receivers = new ReceiverWatch({
    clock,
    open: () => installation.receivers({ ...connection, pods: [] }),
    onlyNamespace: () => webhooks.onlyNamespace,
    onEntry: (pod, entry) => entries.add(pod, entry),
    onGap: (beforeMs) => entries.hour.incompleteBefore(beforeMs),
  })
  const onlyNamespace = () => webhooks.onlyNamespace
  const routes = new RouteWatch({ client, clock, onlyNamespace, ownNamespace: context.namespace })
  const rights = new Rights(client, clock)
  const probe = endpointProbe(config, clock)
  parts.defer(() => probe.close())

  const session = openSession(deps.token)
  const hello = () => ({
    type: 'hello' as const,
    version,
    start: session.path,
    context: context.name,
    server: context.server,
    operatorNamespace,
    ...(webhooks.onlyNamespace !== undefined && { onlyNamespace: webhooks.onlyNamespace }),
    playground: deps.playground !== undefined,
    nowMs: clock.now(),
  })
  const findings = () => {
    const seen = { ...webhooks.visible(), routes: routes.visible() }
    return readFindings(client, { ...connection, namespace: undefined, ...seen }, clock.now())
  }
  // An API server that is away is told elsewhere on the page.
  const leader = () =>
    readLeader(client, { operatorNamespace, nowMs: clock.now() }).catch((error: unknown) => {
      return { state: 'Unknown', says: messageOf(error) } as const
    })
  const access = () => readAccess(rights, { onlyNamespace: webhooks.onlyNamespace, operatorNamespace })
  const callBudget = () =>
    readCallBudget({ client, clock, kubeconfig: place, namespace: operatorNamespace, healthPort })
  const topics = pageTopics({
    hello,
    webhooks,
    routes,
    receivers,
    entries,
    clock,
    read: { findings, access, callBudget },
  })
  const streams = new Streams(topics, clock)
  const handlers = pageHandlers({
    webhooks,
    entries,
    receivers,
    rights,
    clock,
    operatorNamespace,
    reach: (webhook) => probe.reach(webhook),
    readLeader: leader,
    readRoute: async (key) => readRouteDetail(key, { client, leader: await leader(), probe }),
    act: (request) => act(request, connection, installation),
  })
  const files = deps.files ?? (await (await import('./server/read-page-files.ts')).readPageFiles())
  const app = createPageServer({ session, files, streams, handlers, plugin: deps.playground })
  parts.defer(() => app.close())
  parts.defer(() => streams.close())
  await app.listen({ host: loopback, port: config.port })
  const { port } = app.server.address() as AddressInfo

  const watching = webhooks.run()
  // Which namespaces are asked about follows from what may be listed.
  const following = webhooks.settled.then(() => receivers.run())
  parts.defer(async () => {
    webhooks.stop()
    receivers.stop()
    await Promise.all([watching, following])
  })
  const running = parts.move()
  return { url: `http://${loopback}:${port}/?token=${session.token}`, close: () => running.disposeAsync() }
}
