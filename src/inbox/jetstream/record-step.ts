import { parseEnvelope } from '../../gemini/parse-event.ts'
import { unreachable } from '../../unreachable.ts'
import { InboxUnavailableError, type ClaimedDelivery, type DeadLetterReason, type NextStep } from '../port.ts'
import { closedRecord } from './append-event.ts'
import { parseClaimId } from './claim-id.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import type { DeliveryRecord } from './records.ts'
import { refreshDelivery, refreshEvent } from './refresh.ts'
import type { SharedDeps } from './shared-deps.ts'
import type { TrackedDelivery, TrackedEvent } from './tracked.ts'
import { isForRoutes } from './write-lines.ts'

/** With the other reasons nothing was sent. */
const endsAfterAttempt = new Set<DeadLetterReason>(['RetriesExhausted', 'Rejected', 'Unsendable'])

/** The claimed delivery if its lease is still ours, as far as we know. */
export function findClaimed({ ledger }: SharedDeps, { deliveryId }: ClaimedDelivery): TrackedDelivery | undefined {
  const { path, seq: claim } = parseClaimId(deliveryId)
  const delivery = findDelivery(ledger, path)
  return delivery !== undefined && claimSeqOf(delivery) === claim ? delivery : undefined
}

/** Of the message that holds the claim: the delivery's own, or its event's. */
function claimSeqOf({ seq, event }: TrackedDelivery): number {
  return seq > 0 ? seq : event.seq
}

/** By `<event key>.<sink token>`. */
export function findDelivery(ledger: SharedDeps['ledger'], path: string): TrackedDelivery | undefined {
  const dot = path.lastIndexOf('.')
  return ledger.event(path.slice(0, dot))?.deliveries.get(path.slice(dot + 1))
}

/** Writes the next step of a claimed delivery. A write that finds another claim on the subject changes nothing. */
export async function recordStep(
  deps: SharedDeps,
  deletions: DeletionQueue,
  { delivery, body }: { delivery: TrackedDelivery; body: Uint8Array },
  next: NextStep,
): Promise<void> {
  const waiting = (dueMs: number, attempts: number, cause?: string) =>
    writeState(deps, delivery, {
      ...countsOf(deps, delivery),
      state: 'waiting',
      dueMs: Math.ceil(dueMs),
      attempts,
      stepMs: deps.clock.now(),
      ...(cause !== undefined && { cause }),
    })
  switch (next.type) {
    case 'Succeed':
    case 'Skip':
      return endDelivery(deps, deletions, delivery)
    case 'RetryAt':
      await waiting(next.atMs, delivery.attempts + 1, next.cause)
      return
    case 'Hold':
      await waiting(next.untilMs, delivery.attempts, next.cause)
      return
    case 'DeadLetter': {
      const attempts = delivery.attempts + (endsAfterAttempt.has(next.reason) ? 1 : 0)
      await endAsDeadLetter(deps, delivery, { reason: next.reason, attempts, body })
      return
    }
    default:
      return unreachable(next)
  }
}

export async function endAsDeadLetter(
  deps: SharedDeps,
  delivery: TrackedDelivery,
  { reason, attempts, body }: { reason: DeadLetterReason; attempts: number; body: Uint8Array },
): Promise<void> {
  const ended = { state: 'dead', reason, attempts, endedAtMs: deps.clock.now() } as const
  const { type: eventType } = parseEnvelope(body)
  await writeState(deps, delivery, { ...countsOf(deps, delivery), ...ended, eventType })
}

/** Makes a dead letter due again; false when it is none (any more). */
export async function replayDelivery(deps: SharedDeps, delivery: TrackedDelivery): Promise<boolean> {
  if (delivery.state.type !== 'dead') return false
  const nowMs = deps.clock.now()
  const fresh = { attempts: 0, firstDueMs: nowMs, replayed: true, dueMs: nowMs }
  const { cause: _ofItsEnd, stepMs: _before, ...counts } = countsOf(deps, delivery)
  return writeState(deps, delivery, { ...counts, state: 'waiting', ...fresh })
}

/** Makes a waiting delivery due now, all else as it is; false when somebody else was first. */
export function makeDue(deps: SharedDeps, delivery: TrackedDelivery): Promise<boolean> {
  const { unrecorded } = delivery
  const counts = { ...countsOf(deps, delivery), unrecorded }
  return writeState(deps, delivery, { ...counts, state: 'waiting', dueMs: deps.clock.now() })
}

/**
 * Ends a dead letter for good. Written down before its event may go: somebody could be replaying it. False when
 * somebody did.
 */
export async function dropDeadLetter(
  deps: SharedDeps,
  deletions: DeletionQueue,
  delivery: TrackedDelivery,
): Promise<boolean> {
  if (!(await writeState(deps, delivery, { ...countsOf(deps, delivery), state: 'ended' }))) return false
  if (hasEnded(delivery.event)) await closeEvent(deps, deletions, delivery.event)
  return true
}

/** Ends it for good, and its event with the last one. */
async function endDelivery(deps: SharedDeps, deletions: DeletionQueue, delivery: TrackedDelivery): Promise<void> {
  const { event } = delivery
  const isLast = [...event.deliveries.values()].every((other) => other === delivery || other.state.type === 'ended')
  if (!isLast) {
    if (!(await writeState(deps, delivery, { ...countsOf(deps, delivery), state: 'ended' }))) return
    // Two last ones can end at the same moment; then whoever hears of the other closes the event.
    if (!hasEnded(event)) return
  }
  await closeEvent(deps, deletions, event)
}

/**
 * For when the last word came from another receiver: two that each ended one of the last deliveries may both have
 * missed that it was the last.
 */
export async function closeIfEnded(deps: SharedDeps, deletions: DeletionQueue, key: string): Promise<void> {
  const event = deps.ledger.event(key)
  if (event !== undefined && hasEnded(event)) await closeEvent(deps, deletions, event)
}

/** Replaces the body by the memory of the id, then clears away the event's deliveries. */
async function closeEvent(deps: SharedDeps, deletions: DeletionQueue, event: TrackedEvent): Promise<void> {
  const { store, subjects, ledger, clock, bounds } = deps
  const touched = [...event.deliveries.values()].map(({ seq }) => seq).filter((seq) => seq > 0)
  const closed = closedRecord(clock.now(), bounds.dedupeMs)
  const written = { expectSeq: event.seq, ...closed, isForRoutes: isForRoutes(event.account.owner) }
  const result = await store.put({ subject: subjects.event(event.key), ...written })
  if (result.type === 'full') throw fullError()
  if (result.type === 'conflict') {
    await refreshEvent(deps, event.key)
    return
  }
  const { forgetAtMs } = closed.record
  ledger.close(event.key, { seq: result.seq, forgetAtMs, nowMs: clock.now(), from: 'us' })
  deletions.add(touched)
}

/** False when another receiver changed it first; then it is as that one says. */
async function writeState(deps: SharedDeps, delivery: TrackedDelivery, record: DeliveryRecord): Promise<boolean> {
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

function hasEnded(event: TrackedEvent): boolean {
  return [...event.deliveries.values()].every(({ state }) => state.type === 'ended')
}

function countsOf({ identity }: SharedDeps, delivery: TrackedDelivery) {
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

function fullError(): InboxUnavailableError {
  return new InboxUnavailableError(
    'inbox: the stream is full, even for the outcome of deliveries; raise its max_bytes above that of --inbox-max',
  )
}
