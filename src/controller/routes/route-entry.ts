import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { KeyringEntry, RouteEntry } from '../../contract/keyring/entry.ts'
import type { SinkResolution } from '../facts/sink-resolution.ts'
import { indexedFilterOf } from './compose-filter.ts'
import type { Consent } from './consent.ts'

export interface EntryInput {
  consent: Consent
  /** The webhook that the route names, where it is there. */
  webhook: GeminiWebhook | undefined
  sinks: Pick<SinkResolution, 'resolved' | 'held'>
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
  const part = routePartFor(route, input)
  if (part === undefined) return undefined
  const { uid, namespace, name } = route.metadata
  const { resolved, held } = input.sinks
  return {
    uid,
    namespace,
    name,
    secrets: [],
    sinks: resolved,
    ...(held.length > 0 && { heldSinks: held }),
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
  const { webhookUid, webhook: named, since, allowedTypes, refused } = known.route
  const isRefused = consent.type === 'refused' || refused === true
  return {
    webhookUid,
    webhook: named,
    since,
    ...wishes,
    ...(allowedTypes !== undefined && { allowedTypes }),
    ...(isRefused && { refused: true as const }),
  }
}

/** What the owner of the route wants, whatever that of the webhook allows. */
function wishesOf({ spec }: GeminiRoute, { known, nowMs }: EntryInput) {
  const filter = indexedFilterOf(spec.filter)
  const isSuspended = spec.suspend === true
  const goesOn = known?.route?.suspended === true && !isSuspended
  const resumedTime = goesOn ? new Date(nowMs).toISOString() : known?.route?.resumedTime
  return {
    ...(filter !== undefined && { filter }),
    ...(isSuspended && { suspended: true as const }),
    ...(resumedTime !== undefined && { resumedTime }),
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

/** The same with the names of its sinks alone: no attempt is made at them while the route is refused. */
export function withoutAddresses({ sinks, heldSinks = [], ...entry }: KeyringEntry): KeyringEntry {
  return { ...entry, sinks: [], heldSinks: [...sinks.map(({ name }) => name), ...heldSinks] }
}
