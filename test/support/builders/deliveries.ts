import type { ClaimedDelivery } from '../../../src/inbox/port.ts'
import type { Destination, ResolvedSink } from '../../../src/contract/keyring/entry.ts'
import type { DeadLetterStory, OutgoingDelivery } from '../../../src/sinks/port.ts'
import { anEvent } from './an-event.ts'

export function aSink(given: Partial<ResolvedSink> = {}): ResolvedSink {
  return {
    name: 'worker',
    destination: { type: 'http', url: 'http://worker.ml.svc:80/events', reach: 'cluster' },
    format: 'CloudEventBinary',
    headers: {},
    ...given,
    delivery: {
      timeoutMs: 10_000,
      retry: 60,
      retryForMs: 86_400_000,
      backoffPolicy: 'Exponential',
      backoffDelayMs: 1_000,
      backoffMaxMs: 1_800_000,
      retryAfterMaxMs: 300_000,
      maxInFlight: 64,
      ...given.delivery,
    },
  }
}

export function anHttpSink(url: string, given: Partial<ResolvedSink> = {}): ResolvedSink {
  const destination: Destination = { type: 'http', url, reach: 'cluster' }
  return aSink({ destination, ...given })
}

export function anOutgoing(given: Partial<OutgoingDelivery> = {}): OutgoingDelivery {
  return { event: anEvent(), sink: aSink(), attempt: 1, replayed: false, ...given }
}

export function aStory(given: Partial<DeadLetterStory> = {}): DeadLetterStory {
  return { reason: 'Rejected', sink: 'worker', attempts: 3, cause: 'refused', status: 422, ...given }
}

export function aClaim(given: Partial<ClaimedDelivery> = {}): ClaimedDelivery {
  const event = given.event ?? anEvent()
  return {
    deliveryId: '1',
    sink: 'worker',
    attempts: 0,
    firstDueMs: event.receivedAtMs,
    replayed: false,
    ...given,
    event,
  }
}
