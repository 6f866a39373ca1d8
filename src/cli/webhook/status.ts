import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { outboundSettings } from '../../config/outbound-settings.ts'
import { boolean, duration } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { brokenLink, exitCodeOf, printChain, unjudgedLinks, type Link } from '../link.ts'
import { contextNamespaceOf, namespaceOf, objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { allNamespaces, connection, listOutput, namespaceOfObjects } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { narrowed, visibleWebhooks, webhooksIn } from '../visible-webhooks.ts'
import { chainOf } from './chain.ts'
import { reachEndpoint } from './reach-endpoint.ts'
import { oneWebhook, resourceName, webhookAt } from './webhook-named.ts'

const settings = {
  probe: boolean({
    group: 'Endpoint',
    help: 'Also tests the public address from here, without a signature: whether the name resolves, TLS works, and a receiver answers.',
    default: 'true',
  }),
  probeTimeoutMs: duration({
    group: 'Endpoint',
    help: 'The longest time for that test.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...outboundSettings,
  ...connection,
  output: listOutput,
} as const
type StatusConfig = ConfigOf<typeof settings>

/** `gwh status [NAME]`: 1 when a link is broken, 3 when one could not be judged and no other is broken. */
export const status = userCommand({
  name: 'status',
  summary: 'The chain from Google to the sinks, and its first broken link.',
  about:
    'Follows a GeminiWebhook from its API key through Google, DNS, TLS, endpoint and signing secret to its sinks, and names the first link that is broken. ' +
    'Without a name it prints one line for every GeminiWebhook of the namespace, or with -A of all that you may see.',
  example: 'gwh status ml/batch-events',
  settings,
  names: { ...oneWebhook, min: 0 },
  run: showStatus,
})

async function showStatus(config: StatusConfig, [object]: readonly string[], deps: UserCommandDeps): Promise<number> {
  const key = object === undefined ? undefined : await objectKey(object, config)
  const namespace = await namespaceOf(config, { command: 'status', otherwise: 'context', object }, deps)
  const client = await deps.cluster(config)
  try {
    if (key !== undefined) {
      const chain = await chainFor(await webhookAt(key, client), config)
      return printChain(chain, { output: config.output, names: [resourceName(key.name)] }, deps)
    }
    if (namespace !== undefined) return printAll(await webhooksIn(client, namespace), config, deps)
    const { items, onlyIn } = await visibleWebhooks(client, () => contextNamespaceOf(config))
    if (onlyIn !== undefined) deps.err(`gwh status: ${narrowed(onlyIn)}\n`)
    return printAll(items, config, deps)
  } finally {
    await client.close()
  }
}

async function chainFor(webhook: GeminiWebhook, config: StatusConfig): Promise<Link[]> {
  const { probe, probeTimeoutMs: timeoutMs } = config
  const url = webhook.status?.endpoint?.url
  // An external endpoint is another server, whose answers say nothing about a receiver.
  const isOurs = webhook.spec.endpoint?.url === undefined
  if (!probe || url === undefined || !isOurs) return chainOf(webhook, undefined)
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const outbound = openOutbound(config, { connections: 1, keepAlive: false })
  try {
    return chainOf(webhook, await reachEndpoint(url, { outbound, timeoutMs }))
  } finally {
    await outbound.close()
  }
}

function printAll(webhooks: readonly GeminiWebhook[], { output }: StatusConfig, { out }: UserCommandDeps): number {
  const seen = webhooks.map(summaryOf).toSorted((a, b) => a.object.localeCompare(b.object))
  const names = webhooks.map(({ metadata }) => resourceName(metadata.name))
  out(printedAs(output, { value: { objects: seen }, text: (isWide) => inWords(seen, isWide), names }))
  const unjudged = seen.flatMap((each) => each.unjudged)
  return exitCodeOf(seen.find(({ broken }) => broken !== undefined)?.broken, unjudged)
}

type Summary = ReturnType<typeof summaryOf>

function inWords(seen: readonly Summary[], isWide: boolean): string {
  if (seen.length === 0) return 'No GeminiWebhooks.\n'
  const rows = seen.map(({ object, ready, broken, unjudged, webhookId, url }) => {
    const says = broken?.says ?? (unjudged.length === 0 ? '' : `not judged: ${unjudged.join(', ')}`)
    const more = isWide ? [webhookId ?? '-', url ?? '-'] : []
    return [object, ready, ...more, broken?.name, says].map(cellOf)
  })
  return table(['OBJECT', 'READY', ...(isWide ? ['WEBHOOK', 'URL'] : []), 'BROKEN', 'WHAT'], rows)
}

function summaryOf(webhook: GeminiWebhook) {
  const { metadata, status } = webhook
  const chain = chainOf(webhook, undefined)
  return {
    object: `${metadata.namespace}/${metadata.name}`,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    broken: brokenLink(chain),
    unjudged: unjudgedLinks(chain),
    webhookId: status?.webhook?.id,
    url: status?.endpoint?.url,
  }
}
