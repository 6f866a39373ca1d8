import type { SharedDeps } from './shared-deps.ts'
import type { TrackedDelivery } from './tracked.ts'

/** Asks the stream's leader how a delivery stands, when a write showed that we know less than it does. */
export async function refreshDelivery(deps: SharedDeps, delivery: TrackedDelivery): Promise<void> {
  const { store, subjects, ledger, clock } = deps
  const { event, sinkToken } = delivery
  if (!(await refreshEvent(deps, event.key))) return
  const last = await store.last(subjects.delivery(event.key, sinkToken))
  if (last === undefined) {
    delivery.seq = 0
    return
  }
  if (last.record.kind === 'delivery') ledger.update(event.key, sinkToken, last.seq, last.record, clock.now())
}

/** True when the event is still there, with its body. */
export async function refreshEvent({ store, subjects, ledger, clock }: SharedDeps, key: string): Promise<boolean> {
  const last = await store.last(subjects.event(key))
  if (last?.record.kind === 'event') {
    ledger.open(key, { seq: last.seq, record: last.record, nowMs: clock.now() })
    return true
  }
  const known = ledger.event(key)
  if (last?.record.kind === 'closed') {
    const { forgetAtMs } = last.record
    ledger.close(key, { seq: last.seq, forgetAtMs, nowMs: clock.now(), from: 'us' })
  } else if (known !== undefined) ledger.drop(known)
  return false
}
