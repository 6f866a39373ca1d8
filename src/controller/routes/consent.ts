import type { AllowedRoutes } from '../../api/allowed-routes.ts'
import { unreachable } from '../../unreachable.ts'
import { matchesSelector } from './matches-selector.ts'

/** So many of the routes that a webhook allows get its events, in the order of `inTurns`. */
export const maxRoutesOfWebhook = 1_000

/**
 * What is known of the labels of a namespace. `unread`: they may come any moment, or the right to read them is missing.
 * `unwatched`: with roles in single namespaces there is no such right.
 */
export type NamespaceLabels =
  { state: 'known'; labels: Readonly<Record<string, string>> } | { state: 'unread' } | { state: 'unwatched' }

/** `unknown`: it hangs on labels that are not known. */
export type Permission = 'yes' | 'no' | 'unknown'

interface Applicant {
  /** Where the route is. */
  namespace: string
  labels: NamespaceLabels
}

interface Owner {
  /** Where the webhook is. */
  namespace: string
  allowedRoutes: AllowedRoutes | undefined
}

/** Whether the owner of a webhook allows the routes of a namespace. Those of its own are always allowed. Pure. */
export function judgePermission({ namespace, labels }: Applicant, owner: Owner): Permission {
  if (namespace === owner.namespace) return 'yes'
  const { from = 'Same', selector, names = [] } = owner.allowedRoutes?.namespaces ?? {}
  switch (from) {
    case 'Same':
      return 'no'
    case 'All':
      return 'yes'
    case 'Names':
      return names.includes(namespace) ? 'yes' : 'no'
    case 'Selector':
      // A rule of the kind asks for one; without it nothing is selected.
      if (selector === undefined || labels.state === 'unwatched') return 'no'
      if (labels.state === 'unread') return 'unknown'
      return matchesSelector(selector, labels.labels) ? 'yes' : 'no'
    default:
      return unreachable(from)
  }
}

/** Whether an event source is at work for a route: what of the webhook is to be known beyond its consent. */
export type WebhookService =
  /** The receivers of this installation serve it. */
  | { state: 'served' }
  /** They will, or may: a route is prepared. */
  | { state: 'coming'; message: string }
  /** They will not serve it as it is: what a route has is kept, and no new one is prepared. */
  | { state: 'notServed'; message: string }
  /** Another installation serves it, and is the one that says what became of its routes. */
  | { state: 'elsewhere'; message: string }

/** All that a route's consent hangs on. */
export interface ConsentView {
  /** Undefined: there is none of that name, as far as can be seen. */
  webhook: { permission: Permission; isWithinBound: boolean; service: WebhookService } | undefined
  /** With roles in single namespaces: whether the labels of a namespace would have been asked for. */
  asksUnwatchedLabels: boolean
  /** Whether webhooks of that namespace are seen at all. */
  isNamespaceWatched: boolean
  /** Whether they were ever listed: until then one that is not seen may be there. */
  areWebhooksRead: boolean
}

/** `prepared`: the receivers are told of the route, so that the first event of the webhook finds it there. */
export type Consent =
  | { type: 'attached' }
  | { type: 'prepared' | 'kept'; reason: 'WebhookNotFound' | 'WebhookNotServing' | 'Progressing'; message: string }
  | { type: 'refused'; reason: 'NotAllowed' | 'TooManyRoutes'; message: string }

/**
 * Whether a route gets the events of the webhook that it names. It depends on what is there now and on nothing that
 * happened before, so that the order in which objects are made never matters. `kept`: what the receivers know of the
 * route stays as it is. Messages tell nothing of the webhook but that it does not allow the route. Pure.
 */
export function judgeConsent(view: ConsentView): Consent {
  const { webhook, asksUnwatchedLabels, isNamespaceWatched, areWebhooksRead } = view
  if (webhook === undefined && isNamespaceWatched && !areWebhooksRead) {
    const message = 'the webhooks of the namespace that spec.webhookRef names could not be read yet'
    return { type: 'kept', reason: 'Progressing', message }
  }
  if (webhook === undefined) {
    const message = isNamespaceWatched
      ? 'there is no GeminiWebhook as spec.webhookRef names it: create it, or create the route anew with another spec.webhookRef'
      : 'spec.webhookRef names a namespace that this operator does not watch: create the route anew with a webhook of another one, or have whoever runs the operator add it to watchNamespaces'
    return { type: 'kept', reason: 'WebhookNotFound', message }
  }
  const { permission, isWithinBound, service } = webhook
  if (permission === 'unknown') {
    const message =
      'the owner of the webhook selects namespaces by their labels, and those of this one could not be read yet'
    return { type: 'kept', reason: 'Progressing', message }
  }
  if (permission === 'no') {
    return { type: 'refused', reason: 'NotAllowed', message: asksUnwatchedLabels ? notWatched : notAllowed }
  }
  if (!isWithinBound) return { type: 'refused', reason: 'TooManyRoutes', message: tooMany }
  if (service.state === 'served') return { type: 'attached' }
  const type = service.state === 'coming' ? 'prepared' : 'kept'
  return { type, reason: 'WebhookNotServing', message: service.message }
}

const notAllowed =
  'the owner of the webhook does not allow routes of this namespace: have them add it to spec.allowedRoutes of the webhook'
const notWatched =
  'the owner of the webhook selects namespaces by their labels, which this operator may not read, because it watches single namespaces: have them name this one in spec.allowedRoutes.namespaces.names'
const tooMany = `more than ${maxRoutesOfWebhook.toLocaleString('en-US')} routes may take events of the webhook, and namespaces take turns at these places, each with its oldest first: delete routes that are not needed, or use several webhooks`

/** A route among those of one webhook. */
export interface Ranked {
  namespace: string
  name: string
  creationTimestamp: string
}

/** The older first; of the same second the one whose namespace and name come first. */
export function isBefore(a: Ranked, b: Ranked): boolean {
  // The API server writes all of them to the second and in UTC, so that their texts have their order.
  if (a.creationTimestamp !== b.creationTimestamp) return a.creationTimestamp < b.creationTimestamp
  return `${a.namespace}/${a.name}` < `${b.namespace}/${b.name}`
}

/**
 * The order in which routes have their places at a webhook: namespaces take turns, each with its oldest first, so that
 * one with many leaves places to the others. Pure.
 */
export function inTurns<T extends { metadata: Ranked }>(routes: readonly T[]): T[] {
  const taken = new Map<string, number>()
  return routes
    .toSorted((a, b) => (isBefore(a.metadata, b.metadata) ? -1 : 1))
    .map((route) => {
      const { namespace } = route.metadata
      const turn = taken.get(namespace) ?? 0
      taken.set(namespace, turn + 1)
      return { route, turn }
    })
    .toSorted((a, b) => a.turn - b.turn)
    .map(({ route }) => route)
}

/**
 * How many of all routes have a place before this one, in the order of `inTurns`. It takes one look at each, because
 * every route of a webhook that has too many asks for its own. Pure.
 */
export function placesBefore(route: Ranked, all: readonly { metadata: Ranked }[]): number {
  const byNamespace = new Map<string, { all: number; older: number }>()
  for (const { metadata } of all) {
    const counts = byNamespace.get(metadata.namespace) ?? { all: 0, older: 0 }
    byNamespace.set(metadata.namespace, counts)
    counts.all += 1
    if (isBefore(metadata, route)) counts.older += 1
  }
  const turn = byNamespace.get(route.namespace)?.older ?? 0
  // All turns before its own, and in this one the namespaces whose route is the older.
  return byNamespace.values().reduce((sum, counts) => sum + Math.min(counts.all, turn) + Number(counts.older > turn), 0)
}
