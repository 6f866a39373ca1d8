import type { NatsConnection } from '@nats-io/transport-node'

import {
  InboxUnavailableError,
  type Appended,
  type AppendResult,
  type ClaimTerms,
  type ClaimedDelivery,
  type DeadLetterPage,
  type DeadLetterQuery,
  type DeadLetterReason,
  type FirstLeases,
  type GivenUpResult,
  type HurryRequest,
  type Inbox,
  type InboxObstacle,
  type InboxStats,
  type KeptPage,
  type KeptQuery,
  type NewEvent,
  type NextStep,
  type PendingPage,
  type PendingQuery,
  type SinkBacklog,
} from '../port.ts'
import { Admission } from '../admission.ts'
import { EventAppender, type HowStored } from './append-event.ts'
import { GivenUpAppender } from './append-given-up.ts'
import { DeliveryClaimer } from './claim-deliveries.ts'
import { expireDeadLetters, pageOfDeadLetters, trimAllDeadLetters, trimDeadLetters } from './dead-letters.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import type { EventEnds } from './event-ends.ts'
import type { StreamFollower } from './follow-stream.ts'
import { expireKept, pageOfKept, trimKept } from './kept-deliveries.ts'
import { headMsOf } from './lane-due.ts'
import { hurry, pageOfPending, retryNow } from './pending-deliveries.ts'
import { readEvent } from './read-event.ts'
import { findClaimed, findDelivery, recordStep, replayDelivery } from './record-step.ts'
import { StreamWatch, type StreamWatchDeps } from './stream-watch.ts'

const maintenanceIntervalMs = 5_000
const maintenancePauseMs = 20
/** After a write that failed, and before a stream that was not found is believed to be gone. */
const lookSoonMs = 500

export interface JetstreamInboxDeps extends StreamWatchDeps {
  connection: NatsConnection
  follower: StreamFollower
  deletions: DeletionQueue
  ends: EventEnds
  onEnded: (why: string) => void
}

/**
 * The inbox in a JetStream stream, for many receivers at once. Every write is a compare-and-set on one subject, so that
 * of two receivers one wins and the other learns it. Quotas are kept by what this receiver has heard: several receivers
 * may overshoot them by what they take in the same moment.
 */
export class JetstreamInbox implements Inbox {
  readonly #deps: JetstreamInboxDeps
  readonly #appender: EventAppender
  readonly #givenUp: GivenUpAppender
  readonly #claimer: DeliveryClaimer
  readonly #admission: Admission
  readonly #watch: StreamWatch
  readonly #underWay = new Set<Promise<unknown>>()
  #maintaining: Promise<void> = Promise.resolve()
  #cancelMaintenance = () => {}
  /** Once set, every operation fails with it. */
  #ended: InboxUnavailableError | undefined
  #closing: Promise<void> | undefined

  constructor(deps: JetstreamInboxDeps) {
    this.#deps = deps
    this.#appender = new EventAppender(deps)
    this.#givenUp = new GivenUpAppender(deps, deps.ends, {
      append: async (event, how) => (await this.#append(event, how)).result,
      refusalOf: (event) => this.#appender.refusalOfGivenUp(event),
    })
    this.#claimer = new DeliveryClaimer(deps, deps.deletions)
    this.#admission = new Admission(deps)
    this.#watch = new StreamWatch(deps, { admission: this.#admission, onLost: (why) => this.end(why) })
  }

  get obstacle(): InboxObstacle | undefined {
    if (this.#ended !== undefined) return 'Ended'
    return this.#deps.store.isConnected ? this.#admission.obstacle : 'Disconnected'
  }

  /**
   * Reads what is in the stream, and looks after things from then on. Rejects with the reason when it ended meanwhile.
   */
  async start(): Promise<void> {
    try {
      await this.#deps.follower.start()
      await this.#watch.look()
    } catch (error) {
      throw this.#ended ?? error
    }
    if (this.#ended !== undefined) throw this.#ended
    this.#planMaintenance(maintenanceIntervalMs)
  }

  async append(event: NewEvent): Promise<AppendResult> {
    return (await this.appendClaiming(event, new Map())).result
  }

  appendClaiming(event: NewEvent, leases: FirstLeases): Promise<Appended> {
    return this.#run(() => this.#append(event, { leases }))
  }

  appendGivenUp(event: NewEvent, reason: DeadLetterReason): Promise<GivenUpResult> {
    return this.#run(() => this.#givenUp.append(event, reason))
  }

  claimDue(limit: number, leaseMs: number, terms?: ClaimTerms): Promise<ClaimedDelivery[]> {
    return this.#run(() => this.#claimer.claim({ limit, leaseMs, ...terms }))
  }

  record(claimed: ClaimedDelivery, next: NextStep, when: 'now' | 'soon' = 'now'): Promise<void> {
    return this.#run(async () => {
      const delivery = findClaimed(this.#deps, claimed)
      if (delivery === undefined) return
      await recordStep(this.#deps, this.#deps.ends, { delivery, body: claimed.event.body, when }, next)
      this.#claimer.noteRecorded(delivery)
      if (next.type === 'Succeed' && next.keepUntilMs !== undefined) {
        await trimKept(this.#deps, this.#deps.ends, delivery.event.account)
      }
      if (next.type === 'DeadLetter') {
        await trimDeadLetters(this.#deps, this.#deps.ends, delivery.event.account)
      }
    })
  }

  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#run(async () => {
      await this.#maintaining
      return pageOfDeadLetters(this.#deps, query)
    })
  }

  deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined> {
    return this.#run(async () => {
      const delivery = findDelivery(this.#deps.ledger, deliveryId)
      return delivery?.state.type === 'dead' ? readEvent(this.#deps, delivery) : undefined
    })
  }

  replay(deliveryId: string): Promise<boolean> {
    return this.#run(async () => {
      const delivery = findDelivery(this.#deps.ledger, deliveryId)
      return delivery !== undefined && (await replayDelivery(this.#deps, delivery))
    })
  }

  kept(query: KeptQuery): Promise<KeptPage> {
    return this.#run(async () => {
      await this.#maintaining
      return pageOfKept(this.#deps, query)
    })
  }

  pending(query: PendingQuery): Promise<PendingPage> {
    return this.#run(async () => pageOfPending(this.#deps, query))
  }

  retryNow(deliveryId: string): Promise<string | undefined> {
    return this.#run(() => retryNow(this.#deps, deliveryId))
  }

  hurry(request: HurryRequest): Promise<number> {
    return this.#run(() => hurry(this.#deps, request))
  }

  stats(): Promise<InboxStats> {
    return this.#run(async () => {
      await this.#maintaining
      const { ledger, clock, recentDrops } = this.#deps
      const nowMs = clock.now()
      ledger.ids.forget(nowMs)
      const pendingByOwner = new Map<string, number>()
      for (const { owner, pending } of ledger.accounts) {
        if (pending > 0) pendingByOwner.set(owner.uid, (pendingByOwner.get(owner.uid) ?? 0) + pending)
      }
      return {
        ...ledger.totals,
        kept: ledger.kept.size,
        oldestPendingMs: ledger.oldestPendingMs(nowMs),
        pendingByOwner,
        byNamespace: ledger.usage(),
        lastDropMsByOwner: recentDrops.byOwner(nowMs),
      }
    })
  }

  backlog(): Promise<SinkBacklog[]> {
    return this.#run(async () => {
      await this.#maintaining
      const backlog: SinkBacklog[] = []
      for (const { ownerUid, sink, pending: waiting, deadLetters } of this.#deps.ledger.lanes) {
        const pending = waiting.size
        if (pending > 0 || deadLetters > 0) backlog.push({ ownerUid, sink, pending, deadLetters })
      }
      return backlog
    })
  }

  nextDueMs(): Promise<number | undefined> {
    return this.#run(async () => {
      const lane = this.#deps.ledger.due.next()
      return lane && headMsOf(lane)
    })
  }

  /**
   * Somebody else ended a delivery of this event: closes the event if that was the last one. What fails is done again
   * at the next start.
   */
  closeIfEnded(key: string): void {
    const event = this.#deps.ledger.event(key)
    if (event === undefined) return
    this.#run(() => this.#deps.ends.closeIfOver(event)).catch((error: unknown) => {
      if (this.#ended === undefined) this.#deps.logger.warn({ error }, 'inbox.close_event_failed')
    })
  }

  /** Finishes what is under way, then closes the connection. Idempotent. */
  close(): Promise<void> {
    this.#closing ??= this.#close('it is closed')
    return this.#closing
  }

  /** It cannot go on by itself: closes, and tells that the process should end and start again. */
  end(why: string): void {
    if (this.#closing !== undefined) return
    this.#closing = this.#close(why)
    this.#deps.logger.error({ why }, 'inbox.ended')
    this.#deps.onEnded(why)
  }

  async #close(why: string): Promise<void> {
    this.#ended = new InboxUnavailableError(`inbox: ${why}`)
    this.#cancelMaintenance()
    await Promise.allSettled(this.#underWay)
    await this.#maintaining
    await this.#deps.deletions.stop()
    await this.#deps.follower.stop()
    await this.#deps.connection.close()
  }

  async #append(event: NewEvent, how: HowStored): Promise<Appended> {
    const { store } = this.#deps
    this.#watch.expectFit()
    try {
      const appended = await this.#appender.append(event, how)
      if (appended.result === 'inboxFull') this.#admission.block('Full')
      return appended
    } catch (error) {
      // Without a connection nothing was refused, and it says by itself when it is back.
      if (error instanceof InboxUnavailableError && store.isConnected) this.#noteFailedWrite()
      throw error
    }
  }

  async #run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended
    const running = operation()
    this.#underWay.add(running)
    try {
      return await running
    } catch (error) {
      if (error instanceof InboxUnavailableError) this.#deps.instruments.failures.add()
      throw error
    } finally {
      this.#underWay.delete(running)
    }
  }

  /** What is the matter is looked at soon, since with nobody sending any more nothing else would tell. */
  #noteFailedWrite(): void {
    const wasBlocked = this.#admission.obstacle !== undefined
    if (!this.#watch.isMissing) this.#admission.block('WritesFail')
    if (!wasBlocked && this.#ended === undefined) this.#planMaintenance(lookSoonMs)
  }

  #planMaintenance(delayMs: number): void {
    this.#cancelMaintenance()
    this.#cancelMaintenance = this.#deps.clock.after(delayMs, () => {
      this.#maintaining = this.#maintaining.then(() => this.#maintain())
    })
  }

  async #maintain(): Promise<void> {
    let more = false
    try {
      await this.#watch.look()
      this.#deps.deletions.retry()
      const { ends } = this.#deps
      more = await expireDeadLetters(this.#deps, ends)
      more = (await trimAllDeadLetters(this.#deps, ends)) || more
      more = (await expireKept(this.#deps, ends)) || more
      more = (await trimKept(this.#deps, ends)) || more
    } catch (error) {
      this.#deps.logger.warn({ error }, 'inbox.maintenance_failed')
    }
    if (this.#ended !== undefined) return
    this.#planMaintenance(this.#watch.isMissing ? lookSoonMs : more ? maintenancePauseMs : maintenanceIntervalMs)
  }
}
