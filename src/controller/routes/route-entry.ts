import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { DynamicEndpointEntry, KeyringEntry, RouteEntry } from '../../contract/keyring/entry.ts'
import { withoutKey } from '../facts/without-key.ts'
import type { SinkResolution } from '../facts/sink-resolution.ts'
import { suspensionFor } from '../sinks/suspensions.ts'
import { indexedFilterOf } from './compose-filter.ts'
import type { Consent } from './consent.ts'

export interface EntryInput {
  consent: Consent
  /** The webhook that the route names, where it is there. */
  webhook: GeminiWebhook | undefined
  sinks: Pick<SinkResolution, 'resolved' | 'held' | 'suspensions'>
  /** What the receivers were told. */
  known: KeyringEntry | undefined
  nowMs: number
}

/**
 * What the receivers are to know of a route. A route that never had consent is none of their business. Once they know
 * it, it stays until its object is gone: what was kept for it is delivered while its webhook is missing, and becomes
 * dead letters while it is refused. Undefined: no entry. Pure.
 */
export function routeEntryFor(route: GeminiRoute, input: EntryInput): KeyringEntry | undefined {
  const { consent, known } = input
  const isKept = consent.type === 'kept' && known?.route?.refused === true
  if (known !== undefined && (consent.type === 'refused' || isKept)) return refusedEntry(known)
  const part = routePartFor(route, input)
  if (part === undefined) return undefined
  const { uid, namespace, name } = route.metadata
  const { resolved, held, suspensions = [] } = input.sinks
  return {
    uid,
    namespace,
    name,
    secrets: [],
    sinks: resolved,
    ...(held.length > 0 && { heldSinks: held }),
    ...(suspensions.length > 0 && { suspensions }),
    route: part,
  }
}

function routePartFor(route: GeminiRoute, input: EntryInput): RouteEntry | undefined {
  const { consent, webhook, known } = input
  const wishes = wishesOf(route, input)
  const isWanted = consent.type === 'attached' || consent.type === 'prepared'
  if (isWanted && webhook !== undefined) {
    const { uid: webhookUid, namespace, name } = webhook.metadata
    const allowedTypes = allowedTypesOf(route, webhook)
    return {
      webhookUid,
      webhook: { namespace, name },
      since: sinceFor(route, webhookUid, input),
      ...wishes,
      ...(allowedTypes !== undefined && { allowedTypes }),
    }
  }
  if (known?.route === undefined) return undefined
  const { webhookUid, webhook: named, since, allowedTypes } = known.route
  return { webhookUid, webhook: named, since, ...wishes, ...(allowedTypes !== undefined && { allowedTypes }) }
}

/** What the owner of the route wants, whatever that of the webhook allows. */
function wishesOf({ spec }: GeminiRoute, { known, nowMs }: EntryInput) {
  const filter = indexedFilterOf(spec.filter)
  return {
    ...(filter !== undefined && { filter }),
    ...suspensionFor({ isSuspended: spec.suspend === true, known: known?.route, nowMs }),
  }
}

/** What the owner lets routes of other namespaces see. Those of its own see everything. */
function allowedTypesOf(route: GeminiRoute, { metadata, spec }: GeminiWebhook): string[] | undefined {
  return route.metadata.namespace === metadata.namespace ? undefined : spec.allowedRoutes?.types
}

/**
 * From when on events are routed: since this webhook and this route came together. Consent that was withdrawn and given
 * again begins anew. An entry that was lost is made up from the status.
 */
function sinceFor({ status }: GeminiRoute, webhookUid: string, { known, nowMs }: EntryInput): string {
  const { route } = known ?? {}
  if (route?.webhookUid === webhookUid && route.refused !== true) return route.since
  const accepted = status?.conditions?.find(({ type }) => type === 'Accepted')
  const wasAttached = accepted?.status === 'True' && status?.webhook?.uid === webhookUid
  return known === undefined && wasAttached ? accepted.lastTransitionTime : new Date(nowMs).toISOString()
}

/** The entry with the endpoint of its own; one that is refused, or is none, has none. Pure. */
export function withEndpoint(
  entry: KeyringEntry | undefined,
  dynamic: DynamicEndpointEntry | undefined,
): KeyringEntry | undefined {
  return entry === undefined || entry.route?.refused === true || dynamic === undefined ? entry : { ...entry, dynamic }
}

/**
 * What the owner of the webhook takes away from what the receivers were told. It hangs on nothing that the owner of the
 * route can make large or slow, so it is written before anything is looked up for the route. Undefined: nothing. Pure.
 */
export function takenAway(
  route: GeminiRoute,
  { consent, webhook, known }: Pick<EntryInput, 'consent' | 'webhook' | 'known'>,
): KeyringEntry | undefined {
  if (known?.route === undefined || known.route.refused === true) return undefined
  if (consent.type === 'refused') return refusedEntry(known)
  // Nobody is there who allows its endpoint; what was kept is delivered. One that could not be read may be there.
  if (webhook === undefined)
    return isWithoutWebhook(consent) ? known.dynamic && withoutKey(known, 'dynamic') : undefined
  const allowedTypes = allowedTypesOf(route, webhook)
  if (allowedTypes === undefined || isWithin(known.route.allowedTypes, allowedTypes)) return undefined
  return { ...known, route: { ...known.route, allowedTypes } }
}

/** Whether there is nobody who could allow anything. */
export function isWithoutWebhook(consent: Consent): boolean {
  return consent.type === 'kept' && consent.reason === 'WebhookNotFound'
}

/** Whether nothing is seen that is not allowed. */
function isWithin(seen: readonly string[] | undefined, allowed: readonly string[]): boolean {
  return seen?.every((type) => allowed.includes(type)) === true
}

/**
 * All that receivers need of a route that is refused: no attempt is made at its sinks. It is smaller than any other
 * entry of it, so that a namespace that has used up its room in the keyring cannot keep its routes by that. Pure.
 */
export function refusedEntry({ uid, namespace, name, route }: KeyringEntry): KeyringEntry {
  const kept = route && { webhookUid: route.webhookUid, webhook: route.webhook, since: route.since }
  return { uid, namespace, name, secrets: [], sinks: [], ...(kept && { route: { ...kept, refused: true } }) }
}
