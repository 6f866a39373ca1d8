import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { geminiRouteKind, geminiWebhookKind } from '../../../src/api/kind.ts'
import { clusterIn } from '../../../src/cli/operator-access.ts'
import { systemClock } from '../../../src/clock.ts'
import { namespaceKind } from '../../../src/kubernetes/core-kinds.ts'
import {
  KubernetesApiError,
  type KubernetesClient,
  type KubernetesObject,
  type ResourceKind,
} from '../../../src/kubernetes/client.ts'
import { aJudgedRoute } from '../../support/builders/a-judged-route.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'
import { home, startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { putLeader } from '../../support/worlds/put-leader.ts'

/** A webhook of the platform, `ml/project-events`, and a route of another team, `search/groute/nightly-eval`. */
async function aWorld(t: TestContext) {
  const fixture = await startControllerFixture(t)
  const controller = await fixture.startController()
  await fixture.putApiKey()
  await fixture.apply('project-events')
  await fixture.untilCondition('project-events', 'Ready', { status: 'True' })
  // What the status of the route says is the test's from here on.
  await controller.stop()
  await putLeader(fixture.client, home, Date.now())
  await fixture.client.create(namespaceKind, { metadata: { name: 'search' } })
  const deps = { clock: systemClock, random: () => 0.5, version: '1.2.3' }
  const env = { GWH_KUBECONFIG: fixture.kubeconfigPath }
  /** As somebody who may not read these kinds, at all or outside of `search`. */
  const as = (refused: Refused) =>
    gwhCommand({ cluster: async (config) => refusing(await clusterIn(deps)(config), refused) }, env)
  return {
    ...fixture,
    gwh: as({ kinds: [] }),
    as,
    putRoute: (given: Parameters<typeof aJudgedRoute>[0] = {}) => putRoute(fixture.client, given),
  }
}

async function putRoute(client: KubernetesClient, given: Parameters<typeof aJudgedRoute>[0]): Promise<void> {
  const webhookRef = { name: 'project-events', namespace: tenant }
  const told = { webhook: { ...webhookRef, ready: 'True' as const }, ...given?.status }
  const { metadata, ...route } = aJudgedRoute({ ...given, spec: { webhookRef, ...given?.spec }, status: told })
  const { name, namespace } = metadata
  const made = await client.create<KubernetesObject>(geminiRouteKind, { ...route, metadata: { name, namespace } })
  await client.replaceStatus<KubernetesObject & { status?: unknown }>(geminiRouteKind, {
    ...made,
    status: route.status,
  })
}

interface Refused {
  readonly kinds: readonly ResourceKind[]
  /** Where they may be read all the same. */
  readonly butIn?: string
}

function refusing(client: KubernetesClient, { kinds, butIn }: Refused): KubernetesClient {
  const judge = ({ kind }: ResourceKind, namespace: string | undefined) => {
    if (!kinds.some((each) => each.kind === kind) || (butIn !== undefined && namespace === butIn)) return
    throw new KubernetesApiError({ status: 403, reason: 'Forbidden', message: `list ${kind}: 403 Forbidden` })
  }
  const get: KubernetesClient['get'] = async (kind, key, options) => {
    judge(kind, key.namespace)
    return client.get(kind, key, options)
  }
  const list: KubernetesClient['list'] = async (kind, options) => {
    judge(kind, options?.namespace)
    return client.list(kind, options)
  }
  return new Proxy(client, {
    get(target, name) {
      if (name === 'get') return get
      if (name === 'list') return list
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

test('gwh status groute/NAME follows the way through the webhook and the consent to the sinks', async (t) => {
  const { gwh, putRoute: put } = await aWorld(t)
  await put({ status: { sinks: [{ name: 'worker', ready: true, address: 'http://eval.search.svc:80/' }] } })
  for (const args of [['-n', 'search', 'groute/nightly-eval'], ['search/groute/nightly-eval']]) {
    const { code, out, err } = await gwh('status', ...args, '--no-probe')
    assert.deepEqual([code, err], [0, ''])
    assert.match(out, /\nwebhook: API key +Good +Google accepts the API key\n/)
    assert.match(out, /\nconsent +Good .*\ndeliveries +Open .*\nsink worker +Good +http:\/\/eval\.search\.svc:80\/\n/)
  }
  const { out } = await gwh('status', 'search/groute/nightly-eval', '--no-probe', '-o', 'name')
  assert.equal(out, 'geminiroute.webhooks.gemini-operator.io/nightly-eval\n')
  const missing = await gwh('status', 'search/groute/not-there')
  assert.deepEqual([missing.code, missing.err], [1, 'gwh status: GeminiRoute search/not-there: does not exist\n'])
})

test('who names a route as a webhook, or a webhook as a route, is told how it is named', async (t) => {
  const { gwh, as, putRoute: put } = await aWorld(t)
  await put()
  const errOf = async (...args: string[]) => (await gwh(...args)).err
  const meant = 'there is a GeminiRoute of that name, which is named search/groute/nightly-eval\n'
  assert.equal(
    await errOf('status', 'search/nightly-eval'),
    `gwh status: GeminiWebhook search/nightly-eval: does not exist; ${meant}`,
  )
  assert.match(await errOf('rotate', 'search/nightly-eval'), new RegExp(`does not exist; ${meant}`))
  assert.equal(
    await errOf('doctor', 'ml/groute/project-events'),
    'gwh doctor: GeminiRoute ml/project-events: does not exist; there is a GeminiWebhook of that name, which is named ml/project-events\n',
  )
  const route = /"groute\/nightly-eval" names a GeminiRoute, which cannot be meant here: give NAME or NAMESPACE\/NAME/
  assert.match(await errOf('rotate', 'groute/nightly-eval', '-n', 'search'), route)
  const blind = await as({ kinds: [geminiRouteKind] })('status', 'search/nightly-eval')
  assert.equal(blind.err, 'gwh status: GeminiWebhook search/nightly-eval: does not exist\n')
})

test('gwh status names the consent that is missing, and what can be done', async (t) => {
  const { gwh, putRoute: put } = await aWorld(t)
  const notAllowed = { status: 'False', reason: 'NotAllowed', message: 'its owner does not allow it' } as const
  await put({ conditions: { Accepted: notAllowed, Ready: notAllowed, Stalled: { ...notAllowed, status: 'True' } } })
  const { code, out } = await gwh('status', 'search/groute/nightly-eval', '--no-probe')
  assert.equal(code, 1)
  assert.match(out, /\nBroken: consent: NotAllowed: its owner does not allow it\nRemedy: .*spec\.allowedRoutes.*\n$/)
  const json = await gwh('status', 'search/groute/nightly-eval', '--no-probe', '-o', 'json')
  const { broken, remedy } = JSON.parse(json.out) as { broken: string; remedy: string }
  assert.equal(broken, 'consent')
  assert.match(remedy, /spec\.allowedRoutes/)
})

test('a team that may not read the webhook sees of it whether it is Ready, and no more', async (t) => {
  const { as, putRoute: put } = await aWorld(t)
  await put()
  const gwh = as({ kinds: [geminiWebhookKind, geminiRouteKind], butIn: 'search' })
  const { code, out } = await gwh('status', 'search/groute/nightly-eval')
  assert.equal(code, 0)
  assert.match(out, /^LINK +STATE +WHAT\nwebhook +Good +ml\/project-events is Ready; more of it could not be read/)
  assert.doesNotMatch(out, /API key|http/)
})

test('gwh status lists routes beside webhooks, each with its first broken link', async (t) => {
  const { gwh, putRoute: put } = await aWorld(t)
  await put({ status: { sinks: [{ name: 'worker', ready: false, reason: 'SinkNotReady' }] } })
  const all = await gwh('status', '-A')
  const [, webhook = '', route = ''] = all.out.split('\n')
  assert.match(webhook, /^ml\/project-events +True$/)
  assert.match(route, /^search\/groute\/nightly-eval +True +sink worker +SinkNotReady$/)
  assert.equal(all.code, 1)
  const names = await gwh('status', '-n', 'search', '-o', 'name')
  assert.equal(names.out, 'geminiroute.webhooks.gemini-operator.io/nightly-eval\n')
})

function linksIn({ out }: { out: string }) {
  return (JSON.parse(out) as { chain: { name: string; state: string; says: string }[] }).chain
}

function objectsIn({ out }: { out: string }): string[] {
  return (JSON.parse(out) as { objects: { object: string }[] }).objects.map(({ object }) => object)
}

test('who may list one kind alone sees that one, and is told what is left out', async (t) => {
  const { as, putRoute: put } = await aWorld(t)
  await put()
  const routesAlone = await as({ kinds: [geminiWebhookKind] })('status', '-A', '-o', 'json')
  assert.deepEqual(objectsIn(routesAlone), ['search/groute/nightly-eval'])
  assert.match(routesAlone.err, /^gwh status: GeminiWebhooks may not be listed: these are GeminiRoutes alone\n$/)
  const webhooksAlone = await as({ kinds: [geminiRouteKind] })('status', '-A', '-o', 'json')
  assert.deepEqual(objectsIn(webhooksAlone), ['ml/project-events'])
  assert.match(webhooksAlone.err, /^gwh status: GeminiRoutes may not be listed: these are GeminiWebhooks alone\n$/)
  const neither = await as({ kinds: [geminiRouteKind, geminiWebhookKind] })('status', '-n', 'search')
  assert.deepEqual([neither.code, neither.out], [1, ''])
  assert.match(neither.err, /403/)
})

test('who may list objects of one namespace alone is told so of each kind', async (t) => {
  const { as } = await aWorld(t)
  const both = await as({ kinds: [geminiWebhookKind, geminiRouteKind], butIn: 'default' })('status', '-A')
  assert.deepEqual([both.code, both.out], [0, 'No GeminiWebhooks and no GeminiRoutes.\n'])
  assert.deepEqual(both.err.split('\n'), [
    'gwh status: GeminiWebhooks of the whole cluster may not be listed: these are those of namespace default',
    'gwh status: GeminiRoutes of the whole cluster may not be listed: these are those of namespace default',
    '',
  ])
})

test('gwh doctor groute/NAME follows that route too, and asks Google for nothing', async (t) => {
  const { gwh, calls, putRoute: put } = await aWorld(t)
  await put()
  const pings = calls().counts.ping.received
  const links = linksIn(await gwh('doctor', 'groute/nightly-eval', '-n', 'search', '--no-probe', '-o', 'json'))
  const stateOf = (name: string) => links.find((link) => link.name === name)?.state
  assert.deepEqual(['consent', 'webhook: API key', 'routes', 'ping'].map(stateOf), ['Good', 'Good', 'Good', undefined])
  assert.equal(calls().counts.ping.received, pings)
})

test('gwh doctor tells of a route that another team does not allow, and breaks at it only for who names it', async (t) => {
  const { gwh, putRoute: put } = await aWorld(t)
  const notAllowed = { status: 'False', reason: 'NotAllowed', message: 'its owner does not allow it' } as const
  await put({ conditions: { Accepted: notAllowed, Ready: notAllowed, Stalled: { ...notAllowed, status: 'True' } } })
  const routes = linksIn(await gwh('doctor', '--no-probe', '-o', 'json')).find(({ name }) => name === 'routes')
  assert.equal(routes?.state, 'Good')
  assert.match(routes.says, /not allowed by the owner of their webhook: 1: search\/groute\/nightly-eval$/)
  const followed = linksIn(await gwh('doctor', 'search/groute/nightly-eval', '--no-probe', '-o', 'json'))
  assert.equal(followed.find(({ name }) => name === 'consent')?.state, 'Broken')
})
