import { deadLetterPage } from '../dead-letter-page.ts'
import { lookedAtForRoom } from '../given-up.ts'
import type { DeadLetter, DeadLetterPage, DeadLetterPosition, DeadLetterQuery, InboxOwner } from '../port.ts'
import type { EventEnds } from './event-ends.ts'
import { dropEnded } from './record-step.ts'
import type { SharedDeps } from './shared-deps.ts'
import { isOver, isPending, type Account, type TrackedDelivery } from './tracked.ts'

/** In one round of looking after things. */
const maxExpiredAtOnce = 200

export function pageOfDeadLetters({ ledger }: Pick<SharedDeps, 'ledger'>, query: DeadLetterQuery): DeadLetterPage {
  const { after } = query
  const letters: DeadLetter[] = []
  for (const delivery of ledger.deadLetters) {
    const letter = toDeadLetter(delivery)
    if (letter !== undefined && (after === undefined || newestFirst(after, letter) < 0)) letters.push(letter)
  }
  return deadLetterPage(letters.sort(newestFirst), query)
}

/** Newest first; of one moment by id, so that every receiver has the same order. */
export function newestFirst(a: DeadLetterPosition, b: DeadLetterPosition): number {
  return b.endedAtMs - a.endedAtMs || (a.deliveryId < b.deliveryId ? 1 : a.deliveryId > b.deliveryId ? -1 : 0)
}

/**
 * After a dead letter of the account was added: with too many of its own, its oldest makes room; with too many of all,
 * the oldest of the one that has most.
 */
export async function trimDeadLetters(deps: SharedDeps, ends: EventEnds, account: Account): Promise<void> {
  const { ledger, bounds } = deps
  const { maxDeadLetters, deadLetterShare } = bounds
  const isOwnerOver = account.deadLetters.size > maxDeadLetters * deadLetterShare
  if (!isOwnerOver && ledger.totals.deadLetters <= maxDeadLetters) return
  const [oldest] = (isOwnerOver ? account : ledger.heaviestOfDeadLetters())?.deadLetters ?? []
  if (oldest !== undefined) await drop(deps, ends, oldest)
}

/** Drops those that are too many, however they came to be; true while there may be more. */
export async function trimAllDeadLetters(deps: SharedDeps, ends: EventEnds): Promise<boolean> {
  const { ledger, bounds } = deps
  for (let dropped = 0; dropped < maxExpiredAtOnce; dropped += 1) {
    if (ledger.totals.deadLetters <= bounds.maxDeadLetters) return false
    const [oldest] = ledger.heaviestOfDeadLetters()?.deadLetters ?? []
    // Another receiver was faster with this one, and the next round sees the result.
    if (oldest === undefined || !(await drop(deps, ends, oldest))) return false
  }
  return true
}

/** Drops those that are past their time, oldest first; true while there may be more. */
export async function expireDeadLetters(deps: SharedDeps, ends: EventEnds): Promise<boolean> {
  const expiredMs = deps.clock.now() - deps.bounds.deadLetterKeepMs
  const expired: TrackedDelivery[] = []
  for (const delivery of deps.ledger.deadLetters) {
    if (expired.length === maxExpiredAtOnce) break
    if (delivery.state.type === 'dead' && delivery.state.endedAtMs <= expiredMs) expired.push(delivery)
  }
  await Promise.all(expired.map((delivery) => drop(deps, ends, delivery)))
  return expired.length === maxExpiredAtOnce
}

interface RoomWanted {
  readonly account: Account
  readonly needsRoom: () => boolean
}

/**
 * Drops of the account's oldest while it is needed: all of an event, where nothing else needs its body, for only that
 * leaves room. True when there is more room than before.
 */
export async function makeRoom(
  deps: SharedDeps,
  ends: EventEnds,
  { account, needsRoom }: RoomWanted,
): Promise<boolean> {
  const events = new Set([...account.deadLetters].slice(0, lookedAtForRoom).map(({ event }) => event))
  let isMade = false
  for (const { deliveries } of events) {
    const letters = [...deliveries.values()].filter((delivery) => !isOver(delivery))
    if (letters.some(isPending)) continue
    if (!needsRoom()) break
    for (const letter of letters) {
      const dropOne = letter.state.type === 'dead' ? drop : dropEnded
      isMade = (await dropOne(deps, ends, letter)) || isMade
    }
  }
  return isMade
}

/** Dead letters of the owner are no more, or never came to be. */
export function noteDropped({ instruments, recentDrops, clock }: SharedDeps, { uid }: InboxOwner, count: number): void {
  instruments.dropped.add(count)
  recentDrops.note(uid, clock.now())
}

async function drop(deps: SharedDeps, ends: EventEnds, delivery: TrackedDelivery): Promise<boolean> {
  if (!(await dropEnded(deps, ends, delivery))) return false
  noteDropped(deps, delivery.event.account.owner, 1)
  return true
}

function toDeadLetter(delivery: TrackedDelivery): DeadLetter | undefined {
  const { event, sink, sinkToken, attempts, firstDueMs, lastCause, state } = delivery
  if (state.type !== 'dead') return undefined
  const { reason, endedAtMs, eventType } = state
  return {
    deliveryId: `${event.key}.${sinkToken}`,
    owner: event.account.owner,
    eventId: event.eventId,
    eventType,
    sink,
    reason,
    attempts,
    ...(lastCause !== undefined && { lastCause }),
    firstDueMs,
    endedAtMs,
  }
}
