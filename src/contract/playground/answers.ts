/**
 * Where the playground answers, relative to `pageAddresses.playground` of the page's own server, with the same
 * credentials. JSON in and out. No zod here, so that the page can import it.
 */
export const playgroundAddresses = {
  /** GET: a `PlaygroundState`. Cheap: the panel asks once a second while it is seen. */
  state: 'state',
  /** POST, body `PlaygroundAction`: an `ActionDone` with 200, or a `PageError` with 400 or 409. */
  actions: 'actions',
} as const

export interface PlaygroundState {
  readonly webhooks: readonly PlaygroundWebhook[]
  readonly worker: WorkerState
  /** What the worker accepted, newest first, at most the last 100. */
  readonly received: readonly ReceivedByWorker[]
  readonly clock: ClockState
}

/** An object that actions may name. */
export interface PlaygroundWebhook {
  readonly namespace: string
  readonly name: string
  /** Which sample it was made from; absent: none. */
  readonly sample?: 'registered' | 'dynamic'
  /** Has an endpoint for single jobs: `finishJob` may name it as `dynamic`. */
  readonly dynamic: boolean
  /** State of its webhook at Google, such as `enabled`; absent: none is registered. */
  readonly atGoogle?: string
}

interface WorkerState {
  /** Where events go. */
  readonly url: string
  /** The status with which everything is refused; absent: events are accepted. */
  readonly refusesWith?: number
  /** How many events it accepted since the start, repeated ones included. */
  readonly accepted: number
}

export interface ReceivedByWorker {
  readonly eventId: string
  readonly type: string
  readonly subject?: string
  /** RFC 3339. */
  readonly receivedAt: string
  /** `deliveryattempt` and other CloudEvents extensions, by name. */
  readonly extensions: Readonly<Record<string, string>>
  /** An event of the same source and id had come before. */
  readonly repeated: boolean
}

interface ClockState {
  /** Of the whole playground, RFC 3339. */
  readonly now: string
  /** How far it is ahead of the machine. */
  readonly aheadSeconds: number
}

export interface ActionDone {
  /** One sentence: what was done and what to look at now. */
  readonly says: string
  /** Where that is seen. */
  readonly look: Look
}

export type Look =
  | { readonly at: 'overview' | 'received' | 'deadLetters' | 'pending' }
  | { readonly at: 'webhook'; readonly namespace: string; readonly name: string }
  | { readonly at: 'delivery'; readonly namespace: string; readonly name: string; readonly eventId: string }
