import { InboxUnavailableError } from '../port.ts'
import type { DeliveryRecord } from './records.ts'
import { refreshDelivery } from './refresh.ts'
import type { SharedDeps } from './shared-deps.ts'
import type { TrackedDelivery } from './tracked.ts'
import { isForRoutes } from './write-lines.ts'

/** False when another receiver changed it first; then it is as that one says. */
export async function writeState(
  deps: SharedDeps,
  delivery: TrackedDelivery,
  record: DeliveryRecord,
): Promise<boolean> {
  const { store, subjects, ledger, clock } = deps
  const { event, sink, sinkToken, seq } = delivery
  const written = { record, expectSeq: seq, isForRoutes: isForRoutes(event.account.owner, sink) }
  const result = await store.put({ subject: subjects.delivery(event.key, sinkToken), ...written })
  if (result.type === 'full') throw fullError()
  if (result.type === 'conflict') {
    await refreshDelivery(deps, delivery)
    return false
  }
  ledger.update(event.key, sinkToken, result.seq, record, clock.now())
  return true
}

export function countsOf({ identity }: SharedDeps, delivery: TrackedDelivery) {
  const { sink, attempts, firstDueMs, replayed } = delivery
  const { home } = identity
  return {
    kind: 'delivery',
    sink,
    attempts,
    unrecorded: 0,
    firstDueMs,
    replayed,
    ...lastStepOf(delivery),
    home,
  } as const
}

/** As it stands in a record. */
export function lastStepOf({ lastCause, lastStepMs }: TrackedDelivery): { cause?: string; stepMs?: number } {
  return { ...(lastCause !== undefined && { cause: lastCause }), ...(lastStepMs > 0 && { stepMs: lastStepMs }) }
}

export function fullError(): InboxUnavailableError {
  return new InboxUnavailableError(
    'inbox: the stream is full, even for the outcome of deliveries; raise its max_bytes above that of --inbox-max',
  )
}
