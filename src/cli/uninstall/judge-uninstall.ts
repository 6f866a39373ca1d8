import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { finalizer, installationAnnotation } from '../../api/names.ts'
import type { ObjectKey } from '../../kubernetes/client.ts'
import { isHeld, type Lease, type Reading } from '../installation/chain.ts'
import type { Link } from '../link.ts'
import { slashed } from '../webhook/webhook-named.ts'

/** A GeminiWebhook that waits for a controller when it is deleted. */
export interface HeldObject extends ObjectKey {
  readonly uid: string
  /** Its webhook stays at Google on purpose. */
  readonly isRetained: boolean
  /** It is being deleted. */
  readonly isLeaving: boolean
  /**
   * This installation has claimed it, or was named by a person. Else it is free: perhaps it was restored without its
   * status, and is about to be claimed by another one.
   */
  readonly isClaimed: boolean
}

/** GeminiWebhooks by who serves them. */
export interface HeldObjects {
  readonly ours: readonly HeldObject[]
  /** Of other installations. */
  readonly others: readonly string[]
  /** Without a claim and without a finalizer: nothing outside the cluster hangs on them. */
  readonly unserved: readonly string[]
  /** Set where only objects of this namespace could be seen. */
  readonly onlyIn?: string | undefined
  /** Only the namespaces that this installation serves were looked at. */
  readonly isNarrowed?: boolean
}

/** What an uninstallation meets. */
export interface UninstallFacts {
  /** undefined: the API server does not know GeminiWebhooks. */
  readonly objects: Reading<HeldObjects | undefined>
  /** Who leads the controllers; undefined: nobody ever did. */
  readonly lease: Reading<Lease | undefined>
  /** Whether the installation is paused: then no webhook is removed at Google. */
  readonly isPaused: Reading<boolean>
  /** When all of this was read, by the clock of the cluster. */
  readonly nowMs: number
  /** Deliveries in inboxes that have not ended, by the last reports of the receivers. */
  readonly pending: Reading<number>
  /** Webhooks at Google that only the list in the operator's namespace knows. */
  readonly orphans: Reading<number>
  /** How many GeminiRoutes there are. */
  readonly routes: Reading<number>
}

/** How many objects a line names. */
const maxNamed = 5

/**
 * What would be left behind if the operator went now, in the order in which it has to be dealt with. Pure. A link is
 * broken where something would be stranded, unjudged where that could not be found out.
 */
export function uninstallChain(facts: UninstallFacts): Link[] {
  return [deliveriesLink(facts), webhooksLink(facts), controllerLink(facts), orphansLink(facts), crdsLink(facts)]
}

/** An object of this installation is left, or may be. */
export function isAnythingHeld({ objects }: UninstallFacts): boolean {
  return 'unread' in objects || (objects.value?.ours.length ?? 0) > 0
}

/** A controller leads that carries out deletions. */
export function isControllerThere({ lease, nowMs }: UninstallFacts): boolean {
  return 'value' in lease && isHeld(lease.value, nowMs)
}

/** What could not be read is taken for none: objects say so when they are deleted. */
export function isHeldByPause({ isPaused: paused }: UninstallFacts): boolean {
  return 'value' in paused && paused.value
}

function deliveriesLink({ pending }: UninstallFacts): Link {
  const name = 'deliveries'
  if ('unread' in pending) return unjudged(name, pending.unread)
  if (pending.value === 0) return { name, state: 'Good', says: 'none waits in an inbox, by the last reports' }
  return {
    name,
    state: 'Broken',
    says: `${countOf(pending.value, 'delivery waits', 'deliveries wait')} in inboxes, and nobody would deliver what waits`,
  }
}

function webhooksLink({ objects }: UninstallFacts): Link {
  const name = 'webhooks'
  if ('unread' in objects) return unjudged(name, objects.unread)
  const { ours = [], unserved = [], onlyIn } = objects.value ?? {}
  if (ours.length > 0) {
    const retained = ours.filter(({ isRetained }) => isRetained).length
    const kept = retained === 0 ? '' : `; of ${retained} the webhook stays on purpose (deletionPolicy: Retain)`
    const held = `${countOf(ours.length, 'GeminiWebhook', 'GeminiWebhooks')} of this installation`
    const objectsNamed = named(ours.map(slashed))
    return { name, state: 'Broken', says: `${held} would be left, with what is at Google: ${objectsNamed}${kept}` }
  }
  if (onlyIn !== undefined)
    return unjudged(name, `only those of namespace ${onlyIn} may be listed, where this installation serves none`)
  const rest = unserved.length === 0 ? '' : `; ${unserved.length} without a webhook were never served`
  return { name, state: 'Good', says: `none of this installation is left${rest}` }
}

function controllerLink(facts: UninstallFacts): Link {
  const name = 'controller'
  const { lease } = facts
  if (!isAnythingHeld(facts)) return { name, state: 'Good', says: 'has nothing left to remove at Google' }
  if (isHeldByPause(facts))
    return {
      name,
      state: 'Broken',
      says: 'the installation is paused, so what is deleted now waits, and its namespace with it: "gwh resume" ends it',
    }
  if ('unread' in lease) return unjudged(name, lease.unread)
  if (isControllerThere(facts))
    return { name, state: 'Good', says: `${lease.value?.holder ?? ''} leads, and removes webhooks at Google` }
  if ('unread' in facts.objects)
    return { name, state: 'Open', says: 'none leads, and whether one is needed is not known', unjudged: true }
  return {
    name,
    state: 'Broken',
    says: 'no controller leads: what is deleted now waits for one, and its namespace with it',
  }
}

function orphansLink({ orphans }: UninstallFacts): Link {
  const name = 'orphans'
  if ('unread' in orphans) return unjudged(name, orphans.unread)
  if (orphans.value === 0) return { name, state: 'Good', says: 'no webhook was left at Google' }
  const left = countOf(orphans.value, 'webhook that was', 'webhooks that were')
  return { name, state: 'Broken', says: `${left} left at Google would be known to nobody: "gwh orphans" lists them` }
}

/** Never broken: the chart keeps the CRDs. It says who else needs them. */
function crdsLink({ objects, routes }: UninstallFacts): Link {
  const name = 'CRDs'
  if ('unread' in objects) return unjudged(name, objects.unread)
  if (objects.value === undefined) return { name, state: 'Good', says: 'the API server does not know GeminiWebhooks' }
  const { others } = objects.value
  if (others.length > 0) {
    const needed = `must stay: other installations serve ${countOf(others.length, 'GeminiWebhook', 'GeminiWebhooks')}`
    return { name, state: 'Good', says: `${needed}: ${named(others)}` }
  }
  if (!seesAll(objects.value))
    return { name, state: 'Good', says: 'must stay: other namespaces, which were not looked at, may need them' }
  const routeCount = 'value' in routes ? routes.value : 0
  const also = routeCount === 0 ? '' : `; ${countOf(routeCount, 'GeminiRoute', 'GeminiRoutes')} would go with them`
  return { name, state: 'Good', says: `no other installation needs them${also}` }
}

/** Every object of the cluster was looked at. */
export function seesAll({ onlyIn, isNarrowed = false }: HeldObjects): boolean {
  return onlyIn === undefined && !isNarrowed
}

function unjudged(name: string, why: string): Link {
  return { name, state: 'Open', says: `could not be read: ${why}`, unjudged: true }
}

function countOf(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`
}

function named(objects: readonly string[]): string {
  const more = objects.length - maxNamed
  return `${objects.slice(0, maxNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

/** Who an object belongs to; `another` where another installation serves it. */
export type Belonging = 'ours' | 'another'

/** Sorts objects by who serves them. Pure. */
export function sortObjects(
  webhooks: readonly GeminiWebhook[],
  belongingOf: (webhook: GeminiWebhook) => Belonging,
): HeldObjects {
  const [ours, others, unserved]: [HeldObject[], string[], string[]] = [[], [], []]
  for (const webhook of webhooks) {
    const isHeldBack = webhook.metadata.finalizers?.includes(finalizer) === true
    if (belongingOf(webhook) === 'another') others.push(slashed(webhook.metadata))
    else if (isHeldBack) ours.push(heldObject(webhook))
    else unserved.push(slashed(webhook.metadata))
  }
  return { ours, others, unserved }
}

function heldObject({ metadata, spec, status }: GeminiWebhook): HeldObject {
  const { namespace, name, uid, annotations } = metadata
  const isLeaving = metadata.deletionTimestamp !== undefined
  const isClaimed = status?.installationID !== undefined || (annotations?.[installationAnnotation] ?? '') !== ''
  return { namespace, name, uid, isLeaving, isClaimed, isRetained: spec.deletionPolicy === 'Retain' }
}

/** Reason and message of the condition by which an object says that a person has to act. */
export function stalledReason({ status }: GeminiWebhook): string | undefined {
  const stalled = status?.conditions?.find(({ type, status: held }) => type === 'Stalled' && held === 'True')
  return stalled === undefined ? undefined : `${stalled.reason}: ${stalled.message}`
}
