import { growingMs } from '../backoff.ts'
import { sleep, type Clock } from '../clock.ts'
import type { ClaimedDelivery, Inbox, NextStep } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import { namesOf } from './attempt-delivery.ts'
import type { DispatcherMetrics } from './dispatcher-metrics.ts'

interface StepRecorderOptions {
  inbox: Pick<Inbox, 'record'>
  clock: Clock
  logger: Logger
  metrics: DispatcherMetrics
  /** Aborts when the process must end now. */
  signal: AbortSignal
  /** Called when everything that could not be written has been written or given up. */
  onRecovered: () => void
  /** Called when a delivery was put off until then, milliseconds since the epoch. */
  onDueAgain: (dueMs: number) => void
}

const pauses = { baseMs: 250, maxMs: 10_000 }

/** The pause after so many failed calls to the inbox, in milliseconds. */
export function inboxPauseMs(failures: number): number {
  return growingMs(failures - 1, pauses)
}

export interface RecordTerms {
  /** When the lease of the delivery ends, on the wall clock in milliseconds. */
  readonly leaseUntilMs: number
  /** `soon`: nobody waits for it. */
  readonly when?: 'now' | 'soon'
}

/** Records the next steps of deliveries, through failures of the inbox. */
export class StepRecorder {
  readonly #options: StepRecorderOptions
  readonly #unrecorded = new Set<ClaimedDelivery>()

  constructor(options: StepRecorderOptions) {
    this.#options = options
  }

  /** True while a step could not be written: sending more would only repeat attempts. */
  get isFailing(): boolean {
    return this.#unrecorded.size > 0
  }

  /**
   * Tries until the lease ends: then the delivery is due again by itself, and the attempt is made once more. Resolves
   * with whether it is written down; never rejects.
   */
  async record(delivery: ClaimedDelivery, next: NextStep, { leaseUntilMs, when }: RecordTerms): Promise<boolean> {
    let isWritten = false
    const { inbox, clock, metrics, signal, onDueAgain } = this.#options
    for (let failures = 1; ; failures++) {
      try {
        await inbox.record(delivery, next, failures === 1 ? when : 'now')
        if (next.type === 'DeadLetter') metrics.deadLetters.add(1, { reason: next.reason })
        if (next.type === 'RetryAt') onDueAgain(next.atMs)
        if (next.type === 'Hold') onDueAgain(next.untilMs)
        isWritten = true
        break
      } catch (error) {
        this.#noteFailure(delivery, next, { error, failures })
        if (signal.aborted || clock.now() >= leaseUntilMs) break
        await sleep(clock, inboxPauseMs(failures), signal)
      }
    }
    if (this.#unrecorded.delete(delivery) && this.#unrecorded.size === 0) this.#options.onRecovered()
    return isWritten
  }

  #noteFailure(delivery: ClaimedDelivery, next: NextStep, failure: { error: unknown; failures: number }): void {
    this.#unrecorded.add(delivery)
    this.#options.metrics.inboxFailures.add(1, { call: 'record' })
    this.#options.logger.warn({ ...failure, ...namesOf(delivery), next: next.type }, 'delivery.record_failed')
  }
}
