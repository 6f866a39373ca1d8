import type { OpenedReceivers } from './opened-receivers.ts'
import type { Receivers, ReceiverPod } from '../../cli/deliveries/receivers.ts'
import { sleep, type Clock } from '../../clock.ts'
import { untilAborted } from '../../until-aborted.ts'
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
  /** What its connections come from. */
  readonly session: Receivers
  state: ReceiverRow['state']
  why: string | undefined
  sinceMs: number
  stats: Stats | undefined
  isAsked: boolean
  /** Ends its stream. */
  readonly end: AbortController
}

const noneYet = 'the receivers are being looked for'
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
  #watched: Watched[] = []
  #why: string | undefined = noneYet

  constructor(deps: ReceiverWatchDeps) {
    this.#deps = deps
  }

  /** Runs until `stop`; call once. */
  async run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      // Whatever a round waits for, the end does not.
      await untilAborted(this.#round(), signal).catch(() => {})
      await sleep(this.#deps.clock, roundMs, signal)
    }
    await Promise.all(sessionsOf(this.#watched).map((session) => session.close()))
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Those that answer, and the others with why they do not. */
  pods(): { pods: readonly ReceiverPod[]; without: readonly { pod: string; why: string }[] } {
    if (this.#watched.length === 0) return { pods: [], without: [{ pod: 'receivers', why: this.#why ?? noneYet }] }
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
    if (this.#watched.length === 0) return { isKnown: false, why: this.#why ?? noneYet }
    const all = this.#watched.map(({ stats }) => stats)
    return depthOf(this.#rows(), all)
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
      if (this.#stopping.signal.aborted) return await opened.close()
      await this.#adopt(opened)
      this.#why = undefined
    } catch (error) {
      // Those that are followed still are, as long as their streams hold.
      this.#why = messageOf(error)
    }
    for (const watched of this.#watched) void this.#askStats(watched)
  }

  /** Those that are followed stay so; others are followed anew, and told what was missed, nothing twice. */
  async #adopt(opened: Receivers): Promise<void> {
    const before = this.#watched
    const known = new Map(before.map((watched) => [watched.pod.name, watched]))
    this.#watched = opened.pods.map((pod) => {
      const watched = known.get(pod.name)
      return watched === undefined || watched.state === 'Unreachable' ? this.#watch(pod, opened, watched) : watched
    })
    // Also where a session stays open for others: what the new stream tells would come from the old one as well.
    for (const watched of before) if (!this.#watched.includes(watched)) watched.end.abort()
    const kept = new Set(sessionsOf(this.#watched))
    const unused = [...sessionsOf(before), opened].filter((session) => !kept.has(session))
    await Promise.all(unused.map((session) => session.close()))
    for (const watched of this.#watched) if (known.get(watched.pod.name) !== watched) void this.#follow(watched)
  }

  #watch(pod: ReceiverPod, session: Receivers, before: Watched | undefined): Watched {
    const { why, sinceMs = this.#deps.clock.now() } = before ?? {}
    return {
      pod,
      session,
      state: 'Connecting',
      why,
      sinceMs,
      stats: before?.stats,
      isAsked: false,
      end: new AbortController(),
    }
  }

  async #follow(watched: Watched): Promise<void> {
    const { pod } = watched
    const { onEntry, onGap, onlyNamespace } = this.#deps
    const join = this.#joins.get(pod.name) ?? new FeedJoin((entry) => onEntry(pod.name, entry))
    this.#joins.set(pod.name, join)
    try {
      await followReceiver(pod, {
        join,
        signal: watched.end.signal,
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
    if (watched.isAsked) return
    watched.isAsked = true
    try {
      watched.stats = await watched.pod.admin.ask('readStats')
    } catch (error) {
      watched.stats = undefined
      this.#turn(watched, 'Unreachable', messageOf(error))
    } finally {
      watched.isAsked = false
    }
  }

  #turn(watched: Watched, state: ReceiverRow['state'], why?: string): void {
    if (watched.state !== state) watched.sinceMs = this.#deps.clock.now()
    watched.state = state
    watched.why = why
  }
}

function sessionsOf(watched: readonly Watched[]): Receivers[] {
  return [...new Set(watched.map(({ session }) => session))]
}
