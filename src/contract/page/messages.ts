import type { LiveEntry } from './deliveries.ts'
import type { Finding, LastHour, Overview, ReceiverRow, WebhookRow } from './overview.ts'
import type { Access } from './rights.ts'
import type { RouteList } from './routes.ts'

/** First on every stream; told again where `onlyNamespace` turns out later. */
export interface Hello {
  readonly type: 'hello'
  /** Of `gwh`. */
  readonly version: string
  /** Differs after a restart of `gwh ui`: the page should then load itself anew. */
  readonly start: string
  readonly context: string
  readonly server: string
  readonly operatorNamespace: string
  /** The only namespace whose objects are shown, because the user may not list all of them; absent: all. */
  readonly onlyNamespace?: string
  readonly playground: boolean
  /** Of the server, milliseconds since the epoch: what "ago" is counted from. */
  readonly nowMs: number
}

/** How the watch of GeminiWebhooks is: rows stay as they were last seen while it is `Away`. */
export type ApiServerState =
  | { readonly state: 'Connecting' }
  | { readonly state: 'Connected' }
  | { readonly state: 'Away'; readonly why: string; readonly sinceMs: number }
  | { readonly state: 'Forbidden'; readonly missing: readonly string[] }
  /** The API server does not know GeminiWebhooks. */
  | { readonly state: 'NoCRD' }

/**
 * What the stream says. `rows` comes in several messages, each of at most a few hundred; with `isStart` the page
 * forgets the rows that it has, and with `isComplete` the list is complete (both may be in one message). Changes of a
 * moment come together, four times a second at most.
 */
export type PageMessage =
  | Hello
  | {
      readonly type: 'rows'
      readonly isStart?: true
      readonly isComplete?: true
      readonly changed: readonly WebhookRow[]
      /** Ids. */
      readonly removed: readonly string[]
    }
  | { readonly type: 'apiServer'; readonly apiServer: ApiServerState }
  | { readonly type: 'overview'; readonly overview: Overview }
  | { readonly type: 'lastHour'; readonly lastHour: LastHour }
  | { readonly type: 'receivers'; readonly receivers: readonly ReceiverRow[]; readonly why?: string }
  | { readonly type: 'findings'; readonly findings: readonly Finding[]; readonly atMs: number }
  | { readonly type: 'access'; readonly access: Access }
  /** Read every quarter of a minute. */
  | { readonly type: 'routes'; readonly routes: RouteList }
  | {
      readonly type: 'deliveries'
      /** Newest last. With `isStart` those from before the stream began: the page forgets what it has. */
      readonly entries: readonly LiveEntry[]
      readonly isStart?: true
      /** So many more came than are sent in one message: the charts count them. */
      readonly left: number
    }
