import type { Clock } from '../../../src/clock.ts'
import {
  InboxUnavailableError,
  type Appended,
  type AppendResult,
  type ClaimedDelivery,
  type ClaimExcept,
  type ClaimTerms,
  type FirstLeases,
  type HurryRequest,
  type Inbox,
  type NewEvent,
  type NextStep,
} from '../../../src/inbox/port.ts'

interface Row {
  delivery: ClaimedDelivery
  dueMs: number
  /** When its last step was recorded; 0 before the first. */
  stepMs: number
  isClaimed: boolean
  ended?: NextStep
}

/**
 * The half of an inbox that sends, in memory and by the rules of the port: leases, steps, excluded sinks. What a test
 * looks at is public.
 */
export class MemoryInbox implements Pick<Inbox, 'appendClaiming' | 'claimDue' | 'record' | 'nextDueMs' | 'hurry'> {
  readonly steps: { deliveryId: string; next: NextStep }[] = []
  /** Of each delivery that was claimed, in milliseconds. */
  readonly leases: number[] = []
  readonly hurries: number[] = []
  /** Deliveries whose step was allowed to wait for other writes. */
  readonly patient: string[] = []
  claims = 0
  /** Writes fail while set. */
  isBroken = false
  /** Appends claim nothing, whatever they are asked for. */
  claimsNothing = false
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()
  readonly #fates: { once?: Promise<void>; to: AppendResult | Error }[] = []

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(...deliveries: ClaimedDelivery[]): void {
    for (const delivery of deliveries) {
      this.#rows.set(delivery.deliveryId, { delivery, dueMs: this.#clock.now(), stepMs: 0, isClaimed: false })
    }
  }

  /** What the next append comes to, once the promise resolves; in the order in which this was said. */
  willCome(once: Promise<void>, to: AppendResult | Error): void {
    this.#fates.push({ once, to })
  }

  /** Stores the next event only once this resolves. */
  holdNext(until: Promise<void>): void {
    this.willCome(until, 'stored')
  }

  async appendClaiming(event: NewEvent, leases: FirstLeases): Promise<Appended> {
    const { once, to } = this.#fates.shift() ?? { to: 'stored' }
    await once
    if (to instanceof Error) throw to
    if (to !== 'stored') return { result: to, claimed: [] }
    if (this.isBroken) throw new InboxUnavailableError('the disk is full')
    const nowMs = this.#clock.now()
    const claimed: ClaimedDelivery[] = []
    for (const sink of event.sinks) {
      const leaseMs = leases.get(sink)
      const isClaimed = leaseMs !== undefined && !this.claimsNothing
      const deliveryId = `${event.eventId}/${sink}`
      const delivery = { deliveryId, sink, event, attempts: 0, firstDueMs: nowMs, replayed: false }
      this.#rows.set(deliveryId, { delivery, dueMs: isClaimed ? nowMs + leaseMs : nowMs, stepMs: 0, isClaimed })
      if (!isClaimed) continue
      this.leases.push(leaseMs)
      claimed.push(delivery)
    }
    return { result: 'stored', claimed }
  }

  async claimDue(limit: number, usualLeaseMs: number, terms: ClaimTerms = {}) {
    const { except, maxBytes = Infinity, leaseMsByLane, limitByLane } = terms
    this.claims += 1
    if (this.isBroken) throw new InboxUnavailableError('the disk is full')
    const nowMs = this.#clock.now()
    const due = [...this.#rows.values()]
      .filter(({ ended, dueMs }) => ended === undefined && dueMs <= nowMs)
      .filter(({ delivery }) => !isExcepted(delivery, except))
      .toSorted((a, b) => a.dueMs - b.dueMs)
      .slice(0, limit)
    const claimed: ClaimedDelivery[] = []
    const left = new Map(limitByLane)
    let bytes = 0
    for (const row of due) {
      if (bytes >= maxBytes) break
      const { event, sink } = row.delivery
      const lane = `${event.owner.uid}/${sink}`
      const laneLeft = left.get(lane) ?? Infinity
      if (laneLeft <= 0) continue
      left.set(lane, laneLeft - 1)
      const leaseMs = leaseMsByLane?.get(lane) ?? usualLeaseMs
      Object.assign(row, { dueMs: nowMs + leaseMs, isClaimed: true })
      this.leases.push(leaseMs)
      bytes += event.body.length
      claimed.push(row.delivery)
    }
    return claimed
  }

  async record({ deliveryId }: ClaimedDelivery, next: NextStep, when: 'now' | 'soon' = 'now'): Promise<void> {
    if (this.isBroken) throw new InboxUnavailableError('the disk is full')
    this.steps.push({ deliveryId, next })
    if (when === 'soon') this.patient.push(deliveryId)
    const row = this.#rows.get(deliveryId)
    if (row === undefined) throw new Error(`record of ${deliveryId}, which was never added`)
    row.isClaimed = false
    row.stepMs = this.#clock.now()
    if ((next.type === 'RetryAt' || next.type === 'Hold') && next.cause !== undefined) {
      row.delivery = { ...row.delivery, lastCause: next.cause }
    }
    if (next.type === 'RetryAt') {
      row.dueMs = next.atMs
      row.delivery = { ...row.delivery, attempts: row.delivery.attempts + 1 }
    } else if (next.type === 'Hold') row.dueMs = next.untilMs
    else row.ended = next
  }

  async hurry({ lane, limit, recordedBeforeMs }: HurryRequest): Promise<number> {
    const nowMs = this.#clock.now()
    const chosen = [...this.#rows.values()]
      .filter(({ delivery }) => `${delivery.event.owner.uid}/${delivery.sink}` === lane)
      .filter(({ ended, isClaimed }) => ended === undefined && !isClaimed)
      .filter(({ dueMs, stepMs }) => dueMs > nowMs && stepMs < recordedBeforeMs)
      .slice(0, limit)
    for (const row of chosen) row.dueMs = nowMs
    this.hurries.push(chosen.length)
    return chosen.length
  }

  async nextDueMs(): Promise<number | undefined> {
    const pending = [...this.#rows.values()].filter(({ ended }) => ended === undefined)
    return pending.length === 0 ? undefined : Math.min(...pending.map(({ dueMs }) => dueMs))
  }

  /** How a delivery ended; undefined while it is pending. */
  endOf(deliveryId: string): NextStep | undefined {
    return this.#rows.get(deliveryId)?.ended
  }

  /** Deliveries that somebody has claimed and not recorded. */
  get claimedNow(): number {
    return [...this.#rows.values()].filter(({ ended, isClaimed }) => ended === undefined && isClaimed).length
  }

  get pending(): number {
    return [...this.#rows.values()].filter(({ ended }) => ended === undefined).length
  }
}

function isExcepted({ event, sink }: ClaimedDelivery, except: ClaimExcept | undefined): boolean {
  const { uid, namespace } = event.owner
  return (
    except !== undefined &&
    (except.lanes.has(`${uid}/${sink}`) ||
      except.owners?.has(uid) === true ||
      except.namespaces?.has(namespace) === true)
  )
}
