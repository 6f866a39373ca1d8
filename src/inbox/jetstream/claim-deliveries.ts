import { InboxUnavailableError, type ClaimedDelivery, type ClaimTerms, type NewEvent } from '../port.ts'
import { claimIdOf } from './claim-id.ts'
import { headMsOf, takeDue } from './lane-due.ts'
import { readEvent } from './read-event.ts'
import { endAsDeadLetter } from './record-step.ts'
import { refreshDelivery } from './refresh.ts'
import type { SharedDeps } from './shared-deps.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import type { TrackedDelivery } from './tracked.ts'
import { isForRoutes } from './write-lines.ts'
import { lastStepOf } from './write-state.ts'

/** Claims without a record after which a delivery is taken for what brings the process down. */
const maxUnrecordedClaims = 3
/**
 * From this many on a delivery is tried alone among its like, so that the one to blame does not take its neighbours
 * along.
 */
const isolateFromUnrecorded = 2
/**
 * What an attempt takes when all is well: suspects follow each other closely, or hundreds of them would wait for
 * minutes after two crashes.
 */
const isolationDelayMs = 50
/** After a claim that could not be made: time for the stream's news to arrive. */
const afterConflictMs = 250
const afterFailureMs = 1_000

export interface ClaimRequest extends ClaimTerms {
  limit: number
  leaseMs: number
}

/** Takes due deliveries: first come, first served between receivers, in turns between namespaces, objects and sinks. */
export class DeliveryClaimer {
  readonly #deps: SharedDeps
  readonly #deletions: DeletionQueue
  /** The suspect that is being tried alone now. */
  #isolated: { delivery: TrackedDelivery; untilMs: number } | undefined
  #underWay: Promise<unknown> = Promise.resolve()

  constructor(deps: SharedDeps, deletions: DeletionQueue) {
    this.#deps = deps
    this.#deletions = deletions
  }

  /** One claim at a time: the next one looks at what this one left. */
  claim(request: ClaimRequest): Promise<ClaimedDelivery[]> {
    const claimed = this.#underWay.then(() => this.#claim(request))
    this.#underWay = claimed.catch(() => undefined)
    return claimed
  }

  /** The delivery was recorded: another suspect may be tried. */
  noteRecorded(delivery: TrackedDelivery): void {
    if (this.#isolated?.delivery === delivery) this.#isolated = undefined
  }

  async #claim(request: ClaimRequest): Promise<ClaimedDelivery[]> {
    const { clock } = this.#deps
    const taken = this.#take(request, clock.now())
    const versions = taken.map(({ version }) => version)
    const { leaseMs, leaseMsByLane } = request
    const results = await Promise.allSettled(
      taken.map((delivery) => this.#claimOne(delivery, leaseMsByLane?.get(delivery.lane.key) ?? leaseMs)),
    )
    const claimed: ClaimedDelivery[] = []
    let failure: unknown
    for (const [at, result] of results.entries()) {
      const delivery = taken[at]
      if (result.status === 'fulfilled') {
        if (result.value !== undefined) claimed.push(result.value)
        // Neither claimed nor changed by the news that explain why: back into its queue.
        else if (delivery?.version === versions[at]) this.#postpone(delivery, afterConflictMs)
      } else if (delivery !== undefined) {
        failure = result.reason
        this.#postpone(delivery, afterFailureMs)
      }
    }
    if (claimed.length === 0 && failure !== undefined) throw failure
    return claimed
  }

  #take({ limit, maxBytes, except, limitByLane }: ClaimRequest, nowMs: number): TrackedDelivery[] {
    const { ledger } = this.#deps
    const taken: TrackedDelivery[] = []
    ledger.due.claim({ limit, maxBytes, nowMs, except, limitByLane }, (lane) => {
      const delivery = takeDue(lane, nowMs)
      if (delivery === undefined) return 'none'
      taken.push(delivery)
      return { bytes: delivery.event.bodyBytes, hasMore: (headMsOf(lane) ?? Infinity) <= nowMs }
    })
    return taken
  }

  /** The claimed delivery; undefined when it has to wait, has ended, or is another receiver's. */
  async #claimOne(delivery: TrackedDelivery, leaseMs: number): Promise<ClaimedDelivery | undefined> {
    const { ledger, clock, instruments } = this.#deps
    const nowMs = clock.now()
    if (delivery.unrecorded >= maxUnrecordedClaims) {
      const { body = new Uint8Array() } = (await readEvent(this.#deps, delivery)) ?? {}
      const { attempts } = delivery
      await endAsDeadLetter(this.#deps, delivery, { reason: 'CrashedRepeatedly', attempts, body })
      return undefined
    }
    if (delivery.unrecorded >= isolateFromUnrecorded) {
      if (this.#isolated !== undefined && this.#isolated.untilMs > nowMs) {
        this.#postpone(delivery, isolationDelayMs)
        return undefined
      }
      this.#isolated = { delivery, untilMs: nowMs + leaseMs }
    }
    const unrecorded = delivery.unrecorded + 1
    const result = await this.#write(delivery, leaseMs, unrecorded)
    if (result.type === 'full') throw new InboxUnavailableError('inbox: the stream is full, even for claims')
    if (result.type === 'conflict') {
      instruments.conflicts.add()
      await refreshDelivery(this.#deps, delivery)
      return undefined
    }
    ledger.noteClaimed(delivery, result.seq, unrecorded, nowMs + leaseMs)
    return this.#withBody(delivery, result.seq)
  }

  #postpone(delivery: TrackedDelivery | undefined, byMs: number): void {
    if (delivery !== undefined) this.#deps.ledger.postpone(delivery, this.#deps.clock.now() + byMs)
  }

  #write(delivery: TrackedDelivery, leaseMs: number, unrecorded: number) {
    const { store, subjects, identity } = this.#deps
    const { event, sink, sinkToken, attempts, firstDueMs, replayed, seq } = delivery
    return store.put({
      subject: subjects.delivery(event.key, sinkToken),
      record: {
        kind: 'delivery',
        state: 'claimed',
        sink,
        attempts,
        unrecorded,
        firstDueMs,
        replayed,
        leaseMs,
        ...lastStepOf(delivery),
        ...identity,
      },
      expectSeq: seq,
      isForRoutes: isForRoutes(event.account.owner, sink),
    })
  }

  /** Read after the claim, never before: an event that another receiver has finished meanwhile has no body any more. */
  async #withBody(delivery: TrackedDelivery, seq: number): Promise<ClaimedDelivery | undefined> {
    const event = await readEvent(this.#deps, delivery)
    if (event !== undefined) return toClaimed(delivery, seq, event)
    this.#deps.ledger.drop(delivery.event)
    this.#deletions.add([seq])
    return undefined
  }
}

function toClaimed(delivery: TrackedDelivery, seq: number, event: NewEvent): ClaimedDelivery {
  const { sink, sinkToken, attempts, firstDueMs, replayed, lastCause } = delivery
  const deliveryId = claimIdOf({ key: delivery.event.key, sinkToken, seq })
  const why = lastCause === undefined ? {} : { lastCause }
  return { deliveryId, sink, attempts, firstDueMs, replayed, ...why, event }
}
