import type { PlaygroundState } from '../../../src/contract/playground/answers.ts'

/** A playground with one webhook, a worker that takes events, and the clock of this machine. */
export function aPlayground(given: Partial<PlaygroundState> = {}): PlaygroundState {
  return {
    webhooks: [{ namespace: 'ml', name: 'batch-events', sample: 'registered', dynamic: false, atGoogle: 'enabled' }],
    worker: { url: 'http://127.0.0.1:8080/events', accepted: 1 },
    received: [
      {
        eventId: 'msg_1',
        type: 'batch.succeeded',
        receivedAt: '2026-11-29T11:59:30Z',
        extensions: { deliveryattempt: '1' },
        repeated: false,
      },
    ],
    clock: { now: '2026-11-29T12:00:00Z', aheadSeconds: 0 },
    ...given,
  }
}
