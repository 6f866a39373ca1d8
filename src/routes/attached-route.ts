import type { KeyringEntry, RouteEntry } from '../contract/keyring/entry.ts'

/** The entry of a route, and not of a webhook. */
export type AttachedRoute = KeyringEntry & { readonly route: RouteEntry }

export function isRoute(entry: KeyringEntry): entry is AttachedRoute {
  return entry.route !== undefined
}

/** Whether the owner of the webhook lets its route see events of this type. */
export function maySee({ allowedTypes }: RouteEntry, eventType: string): boolean {
  return allowedTypes === undefined || allowedTypes.includes(eventType)
}
