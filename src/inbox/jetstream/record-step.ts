import { attemptsAtEnd } from '../../contract/dead-letter-reasons.ts'
import { parseEnvelope } from '../../gemini/parse-event.ts'
import { unreachable } from '../../unreachable.ts'
import type { ClaimedDelivery, DeadLetterReason, NextStep } from '../port.ts'
import { parseClaimId } from './claim-id.ts'
import type { EventEnds } from './event-ends.ts'
import type { SharedDeps } from './shared-deps.ts'
import { takerOf } from './subjects.ts'
import { isOver, isPending, type TrackedDelivery } from './tracked.ts'
import { countsOf, writeState } from './write-state.ts'

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
  ends: EventEnds,
  { delivery, body, when }: { delivery: TrackedDelivery; body: Uint8Array; when: 'now' | 'soon' },
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
      if (next.keepUntilMs !== undefined) return keepDelivery(deps, delivery, next.keepUntilMs)
      return ends.end(delivery, when)
    case 'Skip':
      return ends.end(delivery, when)
    case 'RetryAt':
      await waiting(next.atMs, delivery.attempts + 1, next.cause)
      return
    case 'Hold':
      await waiting(next.untilMs, delivery.attempts, next.cause)
      return
    case 'DeadLetter': {
      const attempts = attemptsAtEnd(delivery.attempts, next)
      await endAsDeadLetter(deps, delivery, { ...next, attempts, body })
      return
    }
    default:
      return unreachable(next)
  }
}

/** Without a cause of its own it has that of the step before. */
export async function endAsDeadLetter(
  deps: SharedDeps,
  delivery: TrackedDelivery,
  { reason, cause, attempts, body }: { reason: DeadLetterReason; cause?: string; attempts: number; body: Uint8Array },
): Promise<void> {
  const ended = { state: 'dead', reason, attempts, endedAtMs: deps.clock.now() } as const
  const { type: eventType } = parseEnvelope(body)
  const why = cause === undefined ? {} : { cause }
  await writeState(deps, delivery, { ...countsOf(deps, delivery), ...ended, ...why, eventType })
}

/** It succeeded, and its event stays. */
async function keepDelivery(deps: SharedDeps, delivery: TrackedDelivery, keepUntilMs: number): Promise<void> {
  const kept = { endedAtMs: deps.clock.now(), keepUntilMs: Math.ceil(keepUntilMs) }
  await writeState(deps, delivery, { ...countsOf(deps, delivery), state: 'ended', kept })
}

/**
 * Makes a dead letter, or what succeeded and is kept, due again; false when it is none (any more), or its owner has no
 * room for an event that only was kept.
 */
export async function replayDelivery(deps: SharedDeps, delivery: TrackedDelivery): Promise<boolean> {
  const { event, state } = delivery
  if (isOver(delivery) || isPending(delivery)) return false
  const charge = { bytes: event.charge.bytes, idBytes: 0 }
  const isCharged = state.type === 'dead' || !event.account.kept.has(event)
  if (!isCharged && deps.ledger.rooms.refusalOf(takerOf(event.key), charge) !== undefined) return false
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
 * Ends a dead letter, or what is kept, for good. Written down before its event may go: somebody could be replaying it.
 * False when somebody did.
 */
export async function dropEnded(deps: SharedDeps, ends: EventEnds, delivery: TrackedDelivery): Promise<boolean> {
  if (!(await writeState(deps, delivery, { ...countsOf(deps, delivery), state: 'ended' }))) return false
  await ends.closeIfOver(delivery.event)
  return true
}
