import type { Clock } from '../../src/clock.ts'
import { InboxUnavailableError, type ClaimedDelivery, type Inbox, type NextStep } from '../../src/inbox/port.ts'

interface Row {
  delivery: ClaimedDelivery
  dueMs: number
  ended?: NextStep
}

/** The half of an inbox that sends, in memory and by the rules of the port: leases, steps, excluded sinks. What a test looks at is public. */
export class MemoryInbox implements Pick<Inbox, 'claimDue' | 'record' | 'nextDueMs'> {
  readonly steps: { deliveryId: string; next: NextStep }[] = []
  readonly leases: number[] = []
  claims = 0
  /** Writes fail while set. */
  isBroken = false
  readonly #clock: Clock
  readonly #rows = new Map<string, Row>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  add(...deliveries: ClaimedDelivery[]): void {
    for (const delivery of deliveries) {
      this.#rows.set(delivery.deliveryId, { delivery, dueMs: this.#clock.now() })
    }
  }

  async claimDue(limit: number, leaseMs: number, exceptSinks: ReadonlySet<string> = new Set()) {
    this.claims += 1
    if (this.isBroken) throw new InboxUnavailableError('the disk is full')
    this.leases.push(leaseMs)
    const nowMs = this.#clock.now()
    const due = [...this.#rows.values()]
      .filter(({ ended, dueMs }) => ended === undefined && dueMs <= nowMs)
      .filter(({ delivery }) => !exceptSinks.has(`${delivery.event.owner.uid}/${delivery.sink}`))
      .toSorted((a, b) => a.dueMs - b.dueMs)
      .slice(0, limit)
    for (const row of due) row.dueMs = nowMs + leaseMs
    return due.map(({ delivery }) => delivery)
  }

  async record({ deliveryId }: ClaimedDelivery, next: NextStep): Promise<void> {
    if (this.isBroken) throw new InboxUnavailableError('the disk is full')
    this.steps.push({ deliveryId, next })
    const row = this.#rows.get(deliveryId)
    if (row === undefined) throw new Error(`record of ${deliveryId}, which was never added`)
    if (next.type === 'RetryAt') {
      row.dueMs = next.atMs
      row.delivery = { ...row.delivery, attempts: row.delivery.attempts + 1 }
    } else if (next.type === 'Hold') row.dueMs = next.untilMs
    else row.ended = next
  }

  async nextDueMs(): Promise<number | undefined> {
    const pending = [...this.#rows.values()].filter(({ ended }) => ended === undefined)
    return pending.length === 0 ? undefined : Math.min(...pending.map(({ dueMs }) => dueMs))
  }

  /** How a delivery ended; undefined while it is pending. */
  endOf(deliveryId: string): NextStep | undefined {
    return this.#rows.get(deliveryId)?.ended
  }

  get pending(): number {
    return [...this.#rows.values()].filter(({ ended }) => ended === undefined).length
  }
}
