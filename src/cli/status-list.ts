import type { GeminiRoute } from '../api/gemini-route.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { routeOwnerName } from '../contract/route-owner.ts'
import { isForbidden, type KubernetesClient } from '../kubernetes/client.ts'
import type { ConnectionConfig } from './connection.ts'
import { brokenLink, exitCodeOf, unjudgedLinks, type Link } from './link.ts'
import { contextNamespaceOf } from './places.ts'
import { printedAs, type Output } from './print-as.ts'
import { routeChainOf } from './route/chain.ts'
import { routeResourceName } from './route/route-named.ts'
import type { Leader } from './status-links.ts'
import { cellOf, table } from './table.ts'
import type { UserCommandDeps } from './user-command.ts'
import { visibleRoutes } from './visible-routes.ts'
import { narrowed, visibleWebhooks, type VisibleWebhooks } from './visible-webhooks.ts'
import { chainOf } from './webhook/chain.ts'
import { resourceName } from './webhook/webhook-named.ts'

interface Listing {
  readonly client: KubernetesClient
  readonly deps: Pick<UserCommandDeps, 'err'>
}

interface Listed {
  readonly webhooks: readonly GeminiWebhook[]
  readonly routes: readonly GeminiRoute[]
}

/**
 * Of both kinds what the user may list: of the namespace, or of all. Says what is left out; throws where nothing is
 * left.
 */
export async function listObjects(
  namespace: string | undefined,
  config: ConnectionConfig,
  { client, deps }: Listing,
): Promise<Listed> {
  const note = (text: string) => deps.err(`gwh status: ${text}\n`)
  const ownNamespace = () => contextNamespaceOf(config)
  const routes = await visibleRoutes(client, namespace, ownNamespace)
  const webhooks = await visibleWebhooks(client, namespace, ownNamespace).catch((error: unknown): VisibleWebhooks => {
    if (!isForbidden(error) || 'unseen' in routes) throw error
    note('GeminiWebhooks may not be listed: these are GeminiRoutes alone')
    return { items: [] }
  })
  if (webhooks.onlyIn !== undefined) note(narrowed(webhooks.onlyIn))
  if ('items' in routes && routes.onlyIn !== undefined) note(narrowed(routes.onlyIn, 'GeminiRoutes'))
  if ('items' in routes) return { webhooks: webhooks.items, routes: routes.items }
  if (routes.unseen === 'Forbidden') note('GeminiRoutes may not be listed: these are GeminiWebhooks alone')
  return { webhooks: webhooks.items, routes: [] }
}

/** A line for each, with its first broken link. Resolves with the exit code of the command. */
export function printObjects(
  { webhooks, routes }: Listed,
  { output, leader }: { output: Output; leader: Leader },
  { out }: Pick<UserCommandDeps, 'out'>,
): number {
  const all = [
    ...webhooks.map((webhook) => summaryOf(webhook, leader)),
    ...routes.map((route) => routeSummaryOf(route, leader)),
  ]
  const seen = all.toSorted((a, b) => a.object.localeCompare(b.object))
  const names = [
    ...webhooks.map(({ metadata }) => resourceName(metadata.name)),
    ...routes.map(({ metadata }) => routeResourceName(metadata.name)),
  ]
  out(printedAs(output, { value: { objects: seen }, text: (isWide) => inWords(seen, isWide), names }))
  const unjudged = seen.flatMap((each) => each.unjudged)
  return exitCodeOf(seen.find(({ broken }) => broken !== undefined)?.broken, unjudged)
}

type Summary = ReturnType<typeof summaryOf>

function inWords(seen: readonly Summary[], isWide: boolean): string {
  if (seen.length === 0) return 'No GeminiWebhooks and no GeminiRoutes.\n'
  const rows = seen.map(({ object, ready, broken, unjudged, webhookId, url }) => {
    const says = broken?.says ?? (unjudged.length === 0 ? '' : `not judged: ${unjudged.join(', ')}`)
    const more = isWide ? [webhookId ?? '-', url ?? '-'] : []
    return [object, ready, ...more, broken?.name, says].map(cellOf)
  })
  return table(['OBJECT', 'READY', ...(isWide ? ['WEBHOOK', 'URL'] : []), 'BROKEN', 'WHAT'], rows)
}

function summaryOf(webhook: GeminiWebhook, leader: Leader) {
  const { metadata, status } = webhook
  return {
    object: `${metadata.namespace}/${metadata.name}`,
    ...judged(webhook, chainOf(webhook, undefined, leader)),
    webhookId: status?.webhook?.id,
    url: status?.endpoint?.url,
  }
}

function routeSummaryOf(route: GeminiRoute, leader: Leader): Summary {
  const { namespace, name } = route.metadata
  const object = `${namespace}/${routeOwnerName(name)}`
  return { object, ...judged(route, routeChainOf(route, undefined, leader)), webhookId: undefined, url: undefined }
}

function judged({ status }: GeminiWebhook | GeminiRoute, chain: readonly Link[]) {
  return {
    ready: status?.conditions?.find(({ type }) => type === 'Ready')?.status ?? 'Unknown',
    broken: brokenLink(chain),
    unjudged: unjudgedLinks(chain),
  }
}
