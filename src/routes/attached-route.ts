import type { KeyringEntry, RouteEntry } from '../contract/keyring/entry.ts'
import { passesPlainParts } from '../filter/plain-filter.ts'

/** The entry of a route, and not of a webhook. */
export type AttachedRoute = KeyringEntry & { readonly route: RouteEntry }

export function isRoute(entry: KeyringEntry): entry is AttachedRoute {
  return entry.route !== undefined
}

/** Whether the owner of the webhook lets its route see events of this type. */
export function maySee({ allowedTypes }: RouteEntry, eventType: string): boolean {
  return allowedTypes === undefined || allowedTypes.includes(eventType)
}

/**
 * Whether an event that came by the endpoint of a route becomes a delivery of it: what it asks for, as far as types and
 * metadata say, and what the owner of the webhook lets it see. Since when it is attached says nothing here: the clocks
 * of controller and receiver may differ, and what was acknowledged must not be lost by that. Pure.
 */
export function takesOwn(route: RouteEntry, event: { type: string; body: Uint8Array }): boolean {
  return maySee(route, event.type) && (route.filter === undefined || passesPlainParts(route.filter, event))
}
