import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { outboundSettings } from '../../config/outbound-settings.ts'
import { boolean, duration, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { brokenLink, exitCodeOf, printChain, unjudgedLinks, type Link } from '../link.ts'
import { asUser } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { narrowed, visibleWebhooks, webhooksIn } from '../visible-webhooks.ts'
import { chainOf } from './chain.ts'
import { reachEndpoint } from './reach-endpoint.ts'
import { webhookNamed } from './webhook-named.ts'

/** Of the objects, not of the operator: `GWH_NAMESPACE`, which means that one, is not for it. */
const ofObjects = {
  ...optionalText({
    group: 'Kubernetes',
    help: "Only the GeminiWebhooks of this namespace. Not set: those of the whole cluster, or if you may not list them, those of the kubeconfig's namespace.",
    placeholder: 'NAMESPACE',
    pattern: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/,
    what: 'a namespace name (lower case letters, digits and -)',
  }),
  ignoresEnvironment: true,
} as const

const settings = {
  probe: boolean({
    group: 'Endpoint',
    help: 'Also test the public address from here, without a signature: whether the name resolves, TLS works, and a receiver answers.',
    default: 'true',
  }),
  probeTimeoutMs: duration({
    group: 'Endpoint',
    help: 'Longest time for that test.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
  namespace: ofObjects,
  ...outboundSettings,
  ...asUser,
} as const
type StatusConfig = ConfigOf<typeof settings>

/** `gwh status [NAMESPACE/NAME]`: 1 when a link is broken, 3 when one could not be judged and no other is broken. */
export const status = userCommand({
  name: 'status',
  summary: 'The chain from Google to the sinks, and its first broken link.',
  about:
    'Follows a GeminiWebhook from its API key through Google, DNS, TLS, endpoint and signing secret to its sinks, and names the first link that is broken. ' +
    'Without a name: one line for every GeminiWebhook that you may see.',
  example: 'gwh status ml/batch-events',
  settings,
  names: { placeholder: 'NAMESPACE/NAME', min: 0, max: 1 },
  run: showStatus,
})

async function showStatus(config: StatusConfig, [name]: readonly string[], deps: UserCommandDeps): Promise<number> {
  const client = await deps.cluster(config)
  try {
    if (name !== undefined)
      return printChain(await chainFor(await webhookNamed(name, client), config), config.output, deps)
    const { namespace, kubeconfig } = config
    if (namespace !== undefined) {
      return printAll(await webhooksIn(client, namespace), config, deps)
    }
    const { items, onlyIn } = await visibleWebhooks(client, async () => {
      const { contextNamespace } = await import('../../kubernetes/context-namespace.ts')
      return contextNamespace(kubeconfig)
    })
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
  if (output === 'json') out(`${JSON.stringify({ objects: seen }, undefined, 2)}\n`)
  else if (seen.length === 0) out('No GeminiWebhooks.\n')
  else {
    const rows = seen.map(({ object, ready, broken, unjudged }) => {
      const says = broken?.says ?? (unjudged.length === 0 ? '' : `not judged: ${unjudged.join(', ')}`)
      return [object, ready, broken?.name, says].map(cellOf)
    })
    out(table(['OBJECT', 'READY', 'BROKEN', 'WHAT'], rows))
  }
  const unjudged = seen.flatMap((each) => each.unjudged)
  return exitCodeOf(seen.find(({ broken }) => broken !== undefined)?.broken, unjudged)
}

function summaryOf(webhook: GeminiWebhook) {
  const { metadata, status } = webhook
  const chain = chainOf(webhook, undefined)
  return {
    object: `${metadata.namespace}/${metadata.name}`,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    broken: brokenLink(chain),
    unjudged: unjudgedLinks(chain),
  }
}
