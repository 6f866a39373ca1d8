import type { RouteEntry } from '../contract/keyring/entry.ts'
import type { InboxOwner } from '../inbox/port.ts'
import type { VerificationKey } from '../signature/verify.ts'
import type { DynamicEndpoint } from './dynamic-endpoint.ts'

/** Everything that a request needs to know about its endpoint; replaced as a whole, never edited. */
export interface Endpoint {
  readonly owner: InboxOwner
  /** Empty: the object is known, its secrets have not arrived. */
  readonly keys: readonly VerificationKey[]
  /** Absent: no dynamic endpoint is served. */
  readonly dynamic: DynamicEndpoint | undefined
  /** Of a route: what of its own events becomes deliveries. Absent on that of a webhook. */
  readonly route?: RouteEntry
  /** Names, in the order of the spec; at the end the one that hands on to routes, where it has any. */
  readonly sinks: readonly string[]
  /** For so long the end of a batch is recognised by its job; absent: by its id alone. */
  readonly foldJobsForMs?: number
  /** A Create or Rotate is under way, so a genuine signature may be of a secret that has not arrived yet. */
  readonly areKeysChanging: boolean
  /** Set while an endpoint check is open: a receiver that verifies a new delivery now reports it as an echo. */
  readonly checkAttemptId: string | undefined
}

/** What the directory takes from a GeminiWebhook; all else is for the controller. */
export interface EndpointFacts {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  readonly areKeysChanging: boolean
  readonly checkAttemptId: string | undefined
}
