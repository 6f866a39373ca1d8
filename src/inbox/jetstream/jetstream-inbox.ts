import type { NatsConnection } from '@nats-io/transport-node'

import {
  InboxUnavailableError,
  type AppendResult,
  type ClaimedDelivery,
  type DeadLetterPage,
  type DeadLetterQuery,
  type Inbox,
  type InboxStats,
  type NewEvent,
  type NextStep,
} from '../port.ts'
import { EventAppender } from './append-event.ts'
import { DeliveryClaimer } from './claim-deliveries.ts'
import { expireDeadLetters, pageOfDeadLetters, trimDeadLetters } from './dead-letters.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import type { StreamFollower } from './follow-stream.ts'
import { readEvent } from './read-event.ts'
import { closeIfEnded, findClaimed, findDelivery, recordStep, replayDelivery } from './record-step.ts'
import type { SharedParts } from './shared-parts.ts'

const maintenanceIntervalMs = 5_000
const maintenancePauseMs = 20

export interface JetstreamInboxParts extends SharedParts {
  connection: NatsConnection
  follower: StreamFollower
  deletions: DeletionQueue
  /** When the stream was made: another time means another stream. */
  created: string
  onEnded: (why: string) => void
}

/**
 * The inbox in a JetStream stream, for many receivers at once. Every write is a compare-and-set on one subject, so that of two receivers one wins and
 * the other learns it. Quotas are kept by what this receiver has heard: several receivers may overshoot them by what they take in the same moment.
 */
export class JetstreamInbox implements Inbox {
  readonly #parts: JetstreamInboxParts
  readonly #appender: EventAppender
  readonly #claimer: DeliveryClaimer
  readonly #underWay = new Set<Promise<unknown>>()
  #maintaining: Promise<void> = Promise.resolve()
  #cancelMaintenance = () => {}
  /** Once set, every operation fails with it. */
  #ended: InboxUnavailableError | undefined
  #closing: Promise<void> | undefined

  constructor(parts: JetstreamInboxParts) {
    this.#parts = parts
    this.#appender = new EventAppender(parts)
    this.#claimer = new DeliveryClaimer(parts, parts.deletions)
  }

  /** Reads what is in the stream, and looks after things from then on. Rejects with the reason when it ended meanwhile. */
  async start(): Promise<void> {
    try {
      await this.#parts.follower.start()
      await this.#lookAtStream()
    } catch (error) {
      throw this.#ended ?? error
    }
    if (this.#ended !== undefined) throw this.#ended
    this.#planMaintenance(maintenanceIntervalMs)
  }

  append(event: NewEvent): Promise<AppendResult> {
    return this.#run(() => this.#appender.append(event))
  }

  claimDue(limit: number, leaseMs: number, exceptSinks: ReadonlySet<string> = new Set()): Promise<ClaimedDelivery[]> {
    return this.#run(() => this.#claimer.claim({ limit, leaseMs, exceptSinks }))
  }

  record(claimed: ClaimedDelivery, next: NextStep): Promise<void> {
    return this.#run(async () => {
      const delivery = findClaimed(this.#parts, claimed)
      if (delivery === undefined) return
      await recordStep(this.#parts, this.#parts.deletions, { delivery, body: claimed.event.body }, next)
      this.#claimer.noteRecorded(delivery)
      if (next.type === 'DeadLetter') {
        await trimDeadLetters(this.#parts, this.#parts.deletions, delivery.event.account)
      }
    })
  }

  deadLetters(query: DeadLetterQuery): Promise<DeadLetterPage> {
    return this.#run(async () => {
      await this.#maintaining
      return pageOfDeadLetters(this.#parts, query)
    })
  }

  deadLetterEvent(deliveryId: string): Promise<NewEvent | undefined> {
    return this.#run(async () => {
      const delivery = findDelivery(this.#parts.ledger, deliveryId)
      return delivery?.state.type === 'dead' ? readEvent(this.#parts, delivery) : undefined
    })
  }

  replay(deliveryId: string): Promise<boolean> {
    return this.#run(async () => {
      const delivery = findDelivery(this.#parts.ledger, deliveryId)
      return delivery !== undefined && (await replayDelivery(this.#parts, delivery))
    })
  }

  stats(): Promise<InboxStats> {
    return this.#run(async () => {
      await this.#maintaining
      const { ledger, clock, recentDrops } = this.#parts
      const nowMs = clock.now()
      const pendingByOwner = new Map<string, number>()
      for (const { owner, pending } of ledger.accounts) {
        if (pending > 0) pendingByOwner.set(owner.uid, (pendingByOwner.get(owner.uid) ?? 0) + pending)
      }
      return {
        ...ledger.totals,
        oldestPendingMs: ledger.oldestPendingMs(nowMs),
        pendingByOwner,
        lastDropMsByOwner: recentDrops.byOwner(nowMs),
      }
    })
  }

  nextDueMs(): Promise<number | undefined> {
    return this.#run(async () => {
      const { ledger } = this.#parts
      let next: number | undefined
      for (const lane of ledger.lanes) {
        const headMs = ledger.headMs(lane)
        if (headMs !== undefined && headMs < (next ?? Infinity)) next = headMs
      }
      return next
    })
  }

  /** Somebody else ended a delivery of this event: closes the event if that was the last one. What fails is done again at the next start. */
  closeIfEnded(key: string): void {
    this.#run(() => closeIfEnded(this.#parts, this.#parts.deletions, key)).catch((error: unknown) => {
      if (this.#ended === undefined) this.#parts.logger.warn({ error }, 'inbox.close-event failed')
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
    this.#parts.logger.error({ why }, 'inbox.ended')
    this.#parts.onEnded(why)
  }

  async #close(why: string): Promise<void> {
    this.#ended = new InboxUnavailableError(`inbox: ${why}`)
    this.#cancelMaintenance()
    await Promise.allSettled(this.#underWay)
    await this.#maintaining
    await this.#parts.deletions.stop()
    await this.#parts.follower.stop()
    await this.#parts.connection.close()
  }

  async #run<T>(operation: () => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended
    const running = operation()
    this.#underWay.add(running)
    try {
      return await running
    } catch (error) {
      if (error instanceof InboxUnavailableError) this.#parts.instruments.failures.add()
      throw error
    } finally {
      this.#underWay.delete(running)
    }
  }

  #planMaintenance(delayMs: number): void {
    this.#cancelMaintenance = this.#parts.clock.after(delayMs, () => {
      this.#maintaining = this.#maintain()
    })
  }

  async #maintain(): Promise<void> {
    let more = false
    try {
      await this.#lookAtStream()
      this.#parts.deletions.retry()
      more = await expireDeadLetters(this.#parts, this.#parts.deletions)
    } catch (error) {
      this.#parts.logger.warn({ error }, 'inbox.maintenance failed')
    }
    if (this.#ended === undefined) this.#planMaintenance(more ? maintenancePauseMs : maintenanceIntervalMs)
  }

  async #lookAtStream(): Promise<void> {
    const { store, ledger, instruments, clock, created } = this.#parts
    const readUpTo = ledger.position
    const state = await store.state()
    if (state.created !== created) return this.end('its stream was deleted and made again; start anew to read it')
    if (state.lastSeq < readUpTo) return this.end('its stream lost its newest messages; start anew to read it')
    this.#appender.usedBytes = state.bytes
    instruments.note(ledger.totals, ledger.oldestPendingMs(clock.now()), state.bytes)
  }
}
