import type { OutgoingDelivery, SendOutcome, Sink } from '../../../src/sinks/port.ts'

type Answer = SendOutcome | Promise<SendOutcome>

/**
 * A sink whose answers the test decides per delivery. Notes what was sent, and how many attempts were under way at the
 * same time per sink.
 */
export class SinkDouble implements Sink {
  readonly sent: OutgoingDelivery[] = []
  isClosed = false
  readonly mostInFlight = new Map<string, number>()
  readonly #inFlight = new Map<string, number>()
  #answer: (delivery: OutgoingDelivery, signal: AbortSignal) => Answer

  constructor(answer: (delivery: OutgoingDelivery, signal: AbortSignal) => Answer = () => ({ type: 'delivered' })) {
    this.#answer = answer
  }

  willAnswer(answer: (delivery: OutgoingDelivery, signal: AbortSignal) => Answer): void {
    this.#answer = answer
  }

  async send(delivery: OutgoingDelivery, signal: AbortSignal): Promise<SendOutcome> {
    const { name } = delivery.sink
    this.sent.push(delivery)
    this.#count(name, 1)
    try {
      return await this.#answer(delivery, signal)
    } finally {
      this.#count(name, -1)
    }
  }

  async close(): Promise<void> {
    this.isClosed = true
  }

  sentTo(name: string): OutgoingDelivery[] {
    return this.sent.filter(({ sink }) => sink.name === name)
  }

  #count(name: string, by: number): void {
    const now = (this.#inFlight.get(name) ?? 0) + by
    this.#inFlight.set(name, now)
    this.mostInFlight.set(name, Math.max(this.mostInFlight.get(name) ?? 0, now))
  }
}

/** An attempt that hangs until it is cut off. */
export function hanging(signal: AbortSignal): Promise<SendOutcome> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ type: 'retryable', cause: 'cancelled' }), { once: true })
  })
}
