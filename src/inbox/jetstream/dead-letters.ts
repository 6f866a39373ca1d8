import type { DeadLetter, DeadLetterQuery } from '../port.ts'
import type { DeletionQueue } from './deletion-queue.ts'
import { dropDeadLetter } from './record-step.ts'
import type { SharedParts } from './shared-parts.ts'
import type { Account, TrackedDelivery } from './tracked.ts'

const maxListed = 1_000
/** In one round of looking after things. */
const maxExpiredAtOnce = 200

/** Newest first, at most 1,000. */
export function listDeadLetters({ ledger }: Pick<SharedParts, 'ledger'>, query: DeadLetterQuery): DeadLetter[] {
  const found: DeadLetter[] = []
  for (const delivery of ledger.deadLetters) {
    const letter = toDeadLetter(delivery)
    if (letter !== undefined && isAskedFor(letter, query)) found.push(letter)
  }
  return found
    .toReversed()
    .toSorted((a, b) => b.endedAtMs - a.endedAtMs)
    .slice(0, Math.max(0, Math.min(query.limit, maxListed)))
}

/** After a dead letter of the account was added: the oldest make room, an object's own first. */
export async function trimDeadLetters(parts: SharedParts, deletions: DeletionQueue, account: Account): Promise<void> {
  const { ledger, bounds } = parts
  const { maxDeadLetters, deadLetterShare } = bounds
  const isOwnerOver = account.deadLetters.size > maxDeadLetters * deadLetterShare
  if (!isOwnerOver && ledger.totals.deadLetters <= maxDeadLetters) return
  const [oldest] = isOwnerOver ? account.deadLetters : ledger.deadLetters
  if (oldest !== undefined) await drop(parts, deletions, oldest)
}

/** Drops those that are past their time, oldest first; true while there may be more. */
export async function expireDeadLetters(parts: SharedParts, deletions: DeletionQueue): Promise<boolean> {
  const expiredMs = parts.clock.now() - parts.bounds.deadLetterKeepMs
  const expired: TrackedDelivery[] = []
  for (const delivery of parts.ledger.deadLetters) {
    if (expired.length === maxExpiredAtOnce) break
    if (delivery.state.type === 'dead' && delivery.state.endedAtMs <= expiredMs) expired.push(delivery)
  }
  await Promise.all(expired.map((delivery) => drop(parts, deletions, delivery)))
  return expired.length === maxExpiredAtOnce
}

async function drop(parts: SharedParts, deletions: DeletionQueue, delivery: TrackedDelivery): Promise<void> {
  if (await dropDeadLetter(parts, deletions, delivery)) parts.instruments.dropped.add()
}

function toDeadLetter({ event, sink, sinkToken, attempts, state }: TrackedDelivery): DeadLetter | undefined {
  if (state.type !== 'dead') return undefined
  const { reason, endedAtMs } = state
  const { owner } = event.account
  return { deliveryId: `${event.key}.${sinkToken}`, owner, eventId: event.eventId, sink, reason, attempts, endedAtMs }
}

function isAskedFor({ owner, sink, eventId }: DeadLetter, query: DeadLetterQuery): boolean {
  const isOwner =
    query.owner === undefined || (query.owner.namespace === owner.namespace && query.owner.name === owner.name)
  return isOwner && (query.sink ?? sink) === sink && (query.eventId ?? eventId) === eventId
}
