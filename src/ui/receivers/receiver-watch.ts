import type { OpenedReceivers } from './opened-receivers.ts'
import type { Receivers, ReceiverPod } from '../../cli/deliveries/receivers.ts'
import { sleep, type Clock } from '../../clock.ts'
import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import type { PageMessage } from '../../contract/page/messages.ts'
import type { InboxDepth, ReceiverRow } from '../../contract/page/overview.ts'
import { messageOf } from '../message-of.ts'
import { FeedJoin } from './feed-join.ts'
import { followReceiver } from './follow-receiver.ts'
import { depthOf } from './inbox-depth.ts'

export type Stats = AnswerOf<AdminRoutes['readStats']>

interface ReceiverWatchDeps {
  readonly open: () => Promise<Receivers>
  readonly clock: Clock
  readonly onlyNamespace: () => string | undefined
  readonly onEntry: (pod: string, entry: DeliveryEntry) => void
  /** Of what happened before that moment, milliseconds since the epoch, some is not known. */
  readonly onGap: (beforeMs: number) => void
}

interface Watched {
  readonly pod: ReceiverPod
  state: ReceiverRow['state']
  why: string | undefined
  sinceMs: number
  stats: Stats | undefined
}

/** How often inboxes are asked what they hold, and whether other receivers run. */
const roundMs = 10_000

/**
 * The receivers that run: follows the feed of each, asks each what its inbox holds, and finds those that come. Survives
 * every error: one that does not answer is a state, tried again every round.
 */
export class ReceiverWatch implements OpenedReceivers {
  readonly #deps: ReceiverWatchDeps
  readonly #joins = new Map<string, FeedJoin>()
  readonly #stopping = new AbortController()
  #receivers: Receivers | undefined
  #watched: Watched[] = []
  #why: string | undefined = 'the receivers are being looked for'

  constructor(deps: ReceiverWatchDeps) {
    this.#deps = deps
  }

  /** Runs until `stop`; call once. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      await this.#round()
      await sleep(this.#deps.clock, roundMs, signal)
    }
    await this.#receivers?.close()
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Those that answer, and the others with why they do not. */
  pods(): { pods: readonly ReceiverPod[]; without: readonly { pod: string; why: string }[] } {
    if (this.#why !== undefined) return { pods: [], without: [{ pod: 'receivers', why: this.#why }] }
    const isShared = this.#watched.some(({ stats }) => stats?.inbox === 'shared')
    const answering = this.#watched.filter(({ state }) => state !== 'Unreachable').map(({ pod }) => pod)
    const without = this.#watched
      .filter(({ state }) => state === 'Unreachable')
      .map(({ pod, why = '' }) => ({ pod: pod.name, why }))
    // One that shares the inbox answers for all.
    return isShared && answering.length > 0
      ? { pods: answering.slice(0, 1), without: [] }
      : { pods: answering, without }
  }

  depth(): InboxDepth {
    return this.#why === undefined
      ? depthOf(
          this.#rows(),
          this.#watched.map(({ stats }) => stats),
        )
      : unknown(this.#why)
  }

  message(): PageMessage {
    return { type: 'receivers', receivers: this.#rows(), ...(this.#why !== undefined && { why: this.#why }) }
  }

  #rows(): ReceiverRow[] {
    return this.#watched.map(({ pod, state, why, sinceMs, stats }) => ({
      pod: pod.name,
      state,
      ...(why !== undefined && { why }),
      sinceMs,
      ...(stats !== undefined && {
        pending: stats.pending,
        deadLetters: stats.deadLetters,
        events: stats.events,
        inbox: stats.inbox,
      }),
    }))
  }

  async #round(): Promise<void> {
    try {
      const opened = await this.#deps.open()
      if (this.#isSame(opened.pods)) await opened.close()
      else await this.#adopt(opened)
      this.#why = undefined
      await Promise.all(this.#watched.map((watched) => this.#askStats(watched)))
    } catch (error) {
      this.#why = messageOf(error)
      this.#watched = []
      await this.#receivers?.close()
      this.#receivers = undefined
    }
  }

  /** The same that run, and all of them followed. */
  #isSame(pods: readonly ReceiverPod[]): boolean {
    const names = this.#watched.filter(({ state }) => state !== 'Unreachable').map(({ pod }) => pod.name)
    return this.#receivers !== undefined && names.join(' ') === pods.map(({ name }) => name).join(' ')
  }

  /** What a receiver told before is not told again. */
  async #adopt(opened: Receivers): Promise<void> {
    const before = this.#receivers
    this.#receivers = opened
    this.#watched = opened.pods.map((pod) => this.#watch(pod))
    await before?.close()
    for (const watched of this.#watched) void this.#follow(watched)
  }

  #watch(pod: ReceiverPod): Watched {
    const stats = this.#watched.find((each) => each.pod.name === pod.name)?.stats
    return { pod, state: 'Connecting', why: undefined, sinceMs: this.#deps.clock.now(), stats }
  }

  async #follow(watched: Watched): Promise<void> {
    const { pod } = watched
    const { onEntry, onGap, onlyNamespace } = this.#deps
    const join = this.#joins.get(pod.name) ?? new FeedJoin((entry) => onEntry(pod.name, entry))
    this.#joins.set(pod.name, join)
    try {
      await followReceiver(pod, {
        join,
        onlyNamespace: onlyNamespace(),
        onConnected: () => this.#turn(watched, 'Connected'),
        onGap: (before) => onGap(Date.parse(before)),
      })
      this.#turn(watched, 'Unreachable', 'the stream ended')
    } catch (error) {
      this.#turn(watched, 'Unreachable', messageOf(error))
    }
  }

  async #askStats(watched: Watched): Promise<void> {
    try {
      watched.stats = await watched.pod.admin.ask('readStats')
    } catch (error) {
      watched.stats = undefined
      this.#turn(watched, 'Unreachable', messageOf(error))
    }
  }

  #turn(watched: Watched, state: ReceiverRow['state'], why?: string): void {
    if (watched.state !== state) watched.sinceMs = this.#deps.clock.now()
    watched.state = state
    watched.why = why
  }
}

function unknown(why: string): InboxDepth {
  return { isKnown: false, why }
}
