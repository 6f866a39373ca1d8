import { outboundSettings } from '../../config/outbound-settings.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { chainTo } from '../chain-to.ts'
import { printChain } from '../link.ts'
import { namespaceOf, webhookOrRoute } from '../places.ts'
import { routeResourceName } from '../route/route-named.ts'
import { allNamespaces, connection, listOutput, namespaceOfObjects, operatorNamespace } from '../shared-settings.ts'
import { listObjects, printObjects } from '../status-list.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { probeSettings } from './chain-for.ts'
import { oneWebhookOrRoute, resourceName } from './webhook-named.ts'

const settings = {
  ...probeSettings,
  namespace: namespaceOfObjects,
  allNamespaces,
  ...outboundSettings,
  operatorNamespace,
  ...connection,
  output: listOutput,
} as const
type StatusConfig = ConfigOf<typeof settings>

/** `gwh status [NAME]`: 1 when a link is broken, 3 when one could not be judged and no other is broken. */
export const status = userCommand({
  name: 'status',
  summary: 'Follow the path from Google to the sinks, and name its first broken link.',
  about:
    'Follows a GeminiWebhook from its API key through Google, DNS, TLS, endpoint and signing secret to its sinks, and names the first link that is broken. ' +
    "Of a GeminiRoute, named as groute/NAME, it follows the way through its webhook and the consent of the webhook's owner to the sinks of the route. " +
    'Without a name it prints one line for every GeminiWebhook and GeminiRoute of the namespace, or with -A of all that you may see.',
  example: 'gwh status ml/batch-events',
  settings,
  names: { ...oneWebhookOrRoute, min: 0 },
  run: showStatus,
})

async function showStatus(config: StatusConfig, [object]: readonly string[], deps: UserCommandDeps): Promise<number> {
  const named = object === undefined ? undefined : await webhookOrRoute(object, config)
  const namespace = await namespaceOf(config, { command: 'status', otherwise: 'context', object }, deps)
  const client = await deps.cluster(config)
  try {
    const { readLeader } = await import('../installation/leader.ts')
    const leader = await readLeader(client, { ...config, nowMs: deps.clock.now() })
    const { output } = config
    if (named === undefined)
      return printObjects(await listObjects(namespace, config, { client, deps }), { output, leader }, deps)
    const chain = await chainTo(named, config, { client, leader })
    const name = named.isRoute ? routeResourceName(named.name) : resourceName(named.name)
    return printChain(chain, { output, names: [name] }, deps)
  } finally {
    await client.close()
  }
}
