import { Agent } from 'undici'

import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../api/kind.ts'
import type { StatusConfig } from '../../config/webhook-command-settings.ts'
import { brokenLink, tellChain, type Link } from '../link.ts'
import type { OpenCluster } from '../operator-access.ts'
import { reachEndpoint } from './reach-endpoint.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { cellOf, table } from '../table.ts'
import { chainOf } from './chain.ts'
import { webhookNamed } from './webhook-named.ts'

interface Around {
  context: Pick<CommandContext, 'out'>
  open: OpenCluster
}

/** `gwh status [NAMESPACE/NAME]`: 1 when a link is broken. */
export async function showStatus(
  config: StatusConfig,
  name: string | undefined,
  { context, open }: Around,
): Promise<number> {
  const client = await open(config)
  try {
    if (name !== undefined)
      return tellChain(await chainFor(await webhookNamed(name, client), config), config.output, context)
    const { items } = await client.list<GeminiWebhook>(geminiWebhookKind)
    return tellAll(items, config, context)
  } finally {
    await client.close()
  }
}

async function chainFor(webhook: GeminiWebhook, { probe, probeTimeoutMs: timeoutMs }: StatusConfig): Promise<Link[]> {
  const url = webhook.status?.endpoint?.url
  // What stands on a server of somebody else's answers as it likes.
  const isOurs = webhook.spec.endpoint?.url === undefined
  if (!probe || url === undefined || !isOurs) return chainOf(webhook, undefined)
  const dispatcher = new Agent({ connections: 1, pipelining: 0 })
  try {
    return chainOf(webhook, await reachEndpoint(url, { dispatcher, timeoutMs }))
  } finally {
    await dispatcher.destroy()
  }
}

function tellAll(webhooks: readonly GeminiWebhook[], { output }: StatusConfig, { out }: Around['context']): number {
  const seen = webhooks.map(summaryOf).toSorted((a, b) => a.object.localeCompare(b.object))
  if (output === 'json') out(`${JSON.stringify({ objects: seen }, undefined, 2)}\n`)
  else if (seen.length === 0) out('No GeminiWebhooks.\n')
  else {
    const rows = seen.map(({ object, ready, broken }) => [object, ready, broken?.name, broken?.says].map(cellOf))
    out(table(['OBJECT', 'READY', 'BROKEN', 'WHAT'], rows))
  }
  return seen.some(({ broken }) => broken !== undefined) ? exitCodes.failed : exitCodes.ok
}

function summaryOf(webhook: GeminiWebhook) {
  const { metadata, status } = webhook
  return {
    object: `${metadata.namespace}/${metadata.name}`,
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    broken: brokenLink(chainOf(webhook, undefined)),
  }
}
