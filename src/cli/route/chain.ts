import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { Condition } from '../../api/status.ts'
import type { Link } from '../link.ts'
import { branchOf, conditionLink, idleLink, leaderless, sinkLinks, type Leader } from '../status-links.ts'

/** The webhook of a route as far as it was looked at: its chain, or why there is none. */
export type SeenWebhook = { readonly chain: readonly Link[] } | { readonly absent: true } | { readonly unread: string }

/**
 * The whole chain of one route: through the webhook that it names and its owner's consent to its sinks. `seen`:
 * undefined where the webhook was not asked for; then, and where it may not be read, it is what the status says of it.
 * `leader`: undefined where it was not asked whether a controller runs. Pure.
 */
export function routeChainOf(route: GeminiRoute, seen?: SeenWebhook, leader?: Leader): Link[] {
  return [
    ...webhookLinks(route, seen),
    controllerLink(route, leader),
    conditionLink('consent', conditionOf(route, 'Accepted')),
    deliveryLink(route),
    ...sinkLinks(route),
  ]
}

/** NAMESPACE/NAME of the webhook that the spec names. */
export function webhookOf({ metadata, spec }: GeminiRoute): { namespace: string; name: string } {
  const { namespace = metadata.namespace, name } = spec.webhookRef
  return { namespace, name }
}

function conditionOf({ status }: GeminiRoute, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}

/** Of its sinks and what lies beside its chain nothing is told: they take nothing away from this route. */
function webhookLinks(route: GeminiRoute, seen: SeenWebhook | undefined): Link[] {
  const { namespace, name } = webhookOf(route)
  if (seen !== undefined && 'chain' in seen) {
    const way = seen.chain.filter((link) => branchOf(link.name) === undefined)
    return way.map(asOfWebhook)
  }
  if (seen !== undefined && 'absent' in seen)
    return [{ name: 'webhook', state: 'Broken', says: `WebhookNotFound: there is no ${namespace}/${name}` }]
  return [toldLink(route, seen)]
}

function asOfWebhook({ name, ...link }: Link): Link {
  return { name: `webhook: ${name}`, ...link }
}

/** What the controller wrote into the route about its webhook. */
function toldLink(route: GeminiRoute, seen: { readonly unread: string } | undefined): Link {
  const { namespace, name } = webhookOf(route)
  const [link, webhook] = ['webhook', `${namespace}/${name}`]
  const unread = seen === undefined ? '' : `; more of it could not be read: ${seen.unread}`
  const told = route.status?.webhook
  const ready = told?.namespace === namespace && told.name === name ? told.ready : undefined
  switch (ready) {
    case 'True':
      return { name: link, state: 'Good', says: `${webhook} is Ready${unread}` }
    case 'False':
      return { name: link, state: 'Broken', says: `${webhook} is not Ready: its owner sees why${unread}` }
    default:
      return { name: link, state: 'Open', says: `whether ${webhook} is Ready is not known${unread}`, unjudged: true }
  }
}

function controllerLink(route: GeminiRoute, leader: Leader | undefined): Link {
  const { metadata, spec, status } = route
  const name = 'controller'
  const nobody = leaderless(leader)
  if (nobody !== undefined) return { name, state: 'Broken', says: nobody }
  if (status?.conditions === undefined) {
    const says = 'no controller has looked at this route: is one running, and does it watch this namespace?'
    return { name, state: 'Broken', says }
  }
  const stalled = conditionOf(route, 'Stalled')
  if (stalled !== undefined && !isTold(route, stalled))
    return { name, state: 'Broken', says: `${stalled.reason}: ${stalled.message}` }
  if ((status.observedGeneration ?? 0) < metadata.generation)
    return { name, state: 'Open', says: 'the latest change of the spec was not looked at yet', unjudged: true }
  if (spec.suspend === true)
    return { name, state: 'Open', says: 'spec.suspend is true: events are kept and no attempt is made' }
  const reconciling = conditionOf(route, 'Reconciling')
  if (reconciling !== undefined && !isTold(route, reconciling))
    return { name, state: 'Open', says: `${reconciling.reason}: ${reconciling.message}` }
  return idleLink('has looked at this route', leader)
}

/** Whether a later link says the same; Suspended is in the spec. */
function isTold(route: GeminiRoute, { reason }: Condition): boolean {
  const others = ['Accepted', 'SinksResolved'].map((type) => conditionOf(route, type))
  return reason === 'Suspended' || others.some((other) => other?.status !== 'True' && other?.reason === reason)
}

function deliveryLink({ status }: GeminiRoute): Link {
  const { lastDeliveredTime, pending = 0, deadLetters = 0 } = status ?? {}
  const waiting = pending === 0 ? '' : `; ${pending} pending`
  const ended = deadLetters === 0 ? '' : `; dead letters: ${deadLetters}`
  const name = 'deliveries'
  if (lastDeliveredTime === undefined)
    return { name, state: 'Open', says: `none was reported yet (within a minute)${waiting}${ended}` }
  return { name, state: 'Good', says: `one was taken at ${lastDeliveredTime}${waiting}${ended}` }
}
