import { endedPage, maxLookedAt } from '../ended-page.ts'
import type { DeadLetterPosition, KeptDelivery, KeptPage, KeptQuery } from '../port.ts'
import { newestFirst } from './dead-letters.ts'
import type { EventEnds } from './event-ends.ts'
import { dropEnded } from './record-step.ts'
import type { SharedDeps } from './shared-deps.ts'
import { takerOfOwner } from './subjects.ts'
import { TopOf } from './top-of.ts'
import type { Account, TrackedDelivery, TrackedEvent } from './tracked.ts'

/** In one round of looking after things. */
const maxExpiredAtOnce = 200
/** For one delivery that is kept anew. */
const maxTrimmedAtOnce = 16
/**
 * Of the events that the inbox may hold, what may be kept: every receiver has each in memory, about a kilobyte whatever
 * its body. Of a backlog that is the price of an outage, of what is kept it would be paid all the time.
 */
const keptShareOfEvents = 0.1

export function pageOfKept({ ledger }: Pick<SharedDeps, 'ledger'>, query: KeptQuery): KeptPage {
  const { after } = query
  // All of them in order, for each page anew, would hold up whoever waits for this thread.
  const newest = new TopOf<KeptDelivery>(maxLookedAt + 1, newestFirst)
  for (const delivery of ledger.kept) {
    const item = toKept(delivery)
    if (item !== undefined && isBehind(item, after)) newest.add(item)
  }
  const { found, ...more } = endedPage(newest.inOrder(), query)
  return { kept: found, ...more }
}

function isBehind(item: KeptDelivery, after: DeadLetterPosition | undefined): boolean {
  return after === undefined || newestFirst(after, item) < 0
}

/**
 * Drops what is too much, oldest events first: of the account with what it has, or of whoever has most. Resolves with
 * whether there may be more.
 */
export async function trimKept(
  deps: SharedDeps,
  ends: EventEnds,
  account?: Account,
  limit = maxTrimmedAtOnce,
): Promise<boolean> {
  const { ledger, bounds } = deps
  const names = account === undefined ? nobody : { keeper: account.taker, taker: takerOfOwner(account.owner) }
  for (let dropped = 0; dropped < limit; dropped += 1) {
    const areTooMany = ledger.onlyKept > bounds.maxEvents * keptShareOfEvents
    const over = areTooMany ? ledger.rooms.kept.heaviest() : ledger.rooms.overKept(names, bounds.ownerShare)
    const [oldest] = (over && ledger.accountByTaker(over))?.kept ?? []
    // Another receiver was faster with this one, and the next round sees the result.
    if (oldest === undefined || !(await dropEvent(deps, ends, oldest))) return false
  }
  return true
}

/** Has nothing, so that only what all have together is looked at. */
const nobody = { keeper: ['(nobody)'], taker: ['(nobody)'] } as const

/** Drops those that are past their time; true while there may be more. */
export async function expireKept(deps: SharedDeps, ends: EventEnds): Promise<boolean> {
  const { kept } = deps.ledger
  const nowMs = deps.clock.now()
  const ended = kept.takeEnded(nowMs, maxExpiredAtOnce)
  const drops = await Promise.allSettled(ended.map((delivery) => dropEnded(deps, ends, delivery)))
  for (const [at, drop] of drops.entries()) {
    const delivery = ended[at]
    const until = delivery && toKept(delivery)?.keepUntilMs
    if (drop.status === 'rejected' && delivery !== undefined && until !== undefined) kept.add(delivery, until)
  }
  const failure = drops.find((drop) => drop.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return ended.length === maxExpiredAtOnce
}

/** False when somebody else has written to it. */
async function dropEvent(deps: SharedDeps, ends: EventEnds, event: TrackedEvent): Promise<boolean> {
  let isDropped = true
  for (const delivery of event.deliveries.values()) {
    if (toKept(delivery) !== undefined) isDropped = (await dropEnded(deps, ends, delivery)) && isDropped
  }
  return isDropped
}

function toKept({ event, sink, sinkToken, state }: TrackedDelivery): KeptDelivery | undefined {
  if (state.type !== 'ended' || state.kept === undefined) return undefined
  const { account, eventId, eventType } = event
  return { deliveryId: `${event.key}.${sinkToken}`, owner: account.owner, eventId, eventType, sink, ...state.kept }
}
