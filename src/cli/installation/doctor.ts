import type { ConfigOf } from '../../config/setting.ts'
import { duration } from '../../config/setting-types.ts'
import { googleSettings } from '../../config/shared-settings.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { chainTo } from '../chain-to.ts'
import { printChain, type Link } from '../link.ts'
import { locateBy, webhookOrRoute, type Places } from '../places.ts'
import { allNamespaces, namespaceOfObjects, output, visit } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { chainFor, probeSettings } from '../webhook/chain-for.ts'
import { reachEndpoint } from '../webhook/reach-endpoint.ts'
import { oneWebhookOrRoute, webhookAt } from '../webhook/webhook-named.ts'
import type { Leader } from '../status-links.ts'
import { addressesIn, addressLink, clockLink, installationChain, pingLink } from './chain.ts'

const settings = {
  ...probeSettings,
  pingMs: duration({
    group: 'Receivers',
    help: 'For one webhook, makes Google send a test delivery and waits this long for it. 0s skips the test.',
    min: '0s',
    max: '10m',
    default: '30s',
  }),
  ...googleSettings,
  namespace: {
    ...namespaceOfObjects,
    help: 'The namespace of the object, or of the objects to check. If it is not set, all objects that you may see are checked.',
  },
  allNamespaces,
  ...visit,
  output,
} as const
type DoctorConfig = ConfigOf<typeof settings>

/** `gwh doctor [NAME]`: 1 when something is broken, 3 when something could not be read and nothing else is broken. */
export const doctor = userCommand({
  name: 'doctor',
  summary: 'Check the installation, and the whole path to one webhook.',
  about:
    'Checks the installation: CRD, controllers and their leader, receivers, versions, the clock, the public addresses (DNS, TLS, path), what was left behind, and which GeminiWebhooks and GeminiRoutes are not Ready. With a name it ' +
    'also follows that GeminiWebhook from its API key through DNS, TLS and the path to its sinks, and has Google send a test delivery; or that GeminiRoute, named as groute/NAME, through its webhook to its sinks. It changes nothing. What you may not read is shown as open.',
  example: 'gwh doctor ml/batch-events',
  settings,
  names: { ...oneWebhookOrRoute, min: 0 },
  run: examineInstallation,
})

async function examineInstallation(
  config: DoctorConfig,
  [object]: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { readInstallation } = await import('./read-installation.ts')
  const client = await deps.cluster(config)
  try {
    const places = await locateBy(client, config, { command: 'doctor', otherwise: 'all', object }, deps)
    const facts = await readInstallation(client, { ...config, ...places }, deps.clock.now())
    // The Lease was written by the clock of the cluster, which the API server has told by now.
    const nowMs = deps.clock.now() + (client.serverClockSkewMs ?? 0)
    const installation = installationChain(facts, places.operatorNamespace, nowMs)
    const chain = [...installation, clockLink(client.serverClockSkewMs)]
    const { leaderOf } = await import('./leader.ts')
    const leader = leaderOf(facts.lease, { namespace: places.operatorNamespace, nowMs })
    if (object !== undefined) chain.push(...(await wayTo(object, { config, places, client, leader }, deps)))
    else if (config.probe) chain.push(...(await addressLinks(addressesIn(facts), config)))
    return printChain(chain, config, deps)
  } finally {
    await client.close()
  }
}

async function addressLinks(urls: readonly string[], config: DoctorConfig): Promise<Link[]> {
  if (urls.length === 0) return []
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const outbound = openOutbound(config, { connections: 1, keepAlive: false })
  try {
    const timeoutMs = config.probeTimeoutMs
    return await Promise.all(
      urls.map(async (url) => addressLink(url, await reachEndpoint(url, { outbound, timeoutMs }))),
    )
  } finally {
    await outbound.close()
  }
}

interface Way {
  readonly config: DoctorConfig
  readonly places: Places
  readonly client: KubernetesClient
  readonly leader: Leader
}

async function wayTo(object: string, way: Way, deps: UserCommandDeps): Promise<Link[]> {
  const { config, places, client, leader } = way
  const named = await webhookOrRoute(object, { ...config, ...places })
  // Pings are for the webhook's owner to ask for, with the API key of the webhook.
  if (named.isRoute || config.pingMs === 0) return chainTo(named, config, way)
  const webhook = await webhookAt(named, client)
  const chain = await chainFor(webhook, config, leader)
  const { askForPing } = await import('../webhook/ask-for-ping.ts')
  const operator = await deps.operator(config)
  try {
    const asked = { ...config, ...places, waitMs: config.pingMs }
    return [...chain, pingLink(await askForPing(webhook, asked, { operator, deps }), config.pingMs)]
  } catch (error) {
    // Few may read the API key: that nobody could ask says nothing about the way.
    return [...chain, pingLink({ why: error instanceof Error ? error.message : String(error) }, config.pingMs)]
  } finally {
    await operator.close()
  }
}
