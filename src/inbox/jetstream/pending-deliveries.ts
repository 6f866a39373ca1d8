import { pendingPage, type PendingCandidate } from '../pending-page.ts'
import type { HurryRequest, PendingPage, PendingPosition, PendingQuery } from '../port.ts'
import { findDelivery, makeDue } from './record-step.ts'
import type { SharedDeps } from './shared-deps.ts'
import type { TrackedDelivery } from './tracked.ts'

export function pageOfPending(
  { ledger, clock }: Pick<SharedDeps, 'ledger' | 'clock'>,
  query: PendingQuery,
): PendingPage {
  const { after } = query
  const nowMs = clock.now()
  const candidates: PendingCandidate[] = []
  for (const delivery of ledger.pending) {
    const candidate = toCandidate(delivery, nowMs)
    if (candidate !== undefined && (after === undefined || compare(after, candidate) < 0)) candidates.push(candidate)
  }
  return pendingPage(candidates.sort(compare), query)
}

/** The lane of what is due now; undefined when it is unknown, has ended, or is somebody's claim. */
export async function retryNow(deps: SharedDeps, deliveryId: string): Promise<string | undefined> {
  const delivery = findDelivery(deps.ledger, deliveryId)
  const state = delivery?.state
  if (delivery === undefined || (state?.type !== 'waiting' && state?.type !== 'claimed')) return undefined
  const { key } = delivery.lane
  if (state.availableAtMs <= deps.clock.now()) return key
  return state.type === 'waiting' && (await makeDue(deps, delivery)) ? key : undefined
}

export async function hurry(deps: SharedDeps, request: HurryRequest): Promise<number> {
  const chosen: TrackedDelivery[] = []
  for (const lane of deps.ledger.lanes) {
    if (lane.key !== request.lane) continue
    for (const delivery of lane.pending) {
      if (chosen.length >= request.limit) break
      if (isLeftAlone(delivery, request, deps.clock.now())) chosen.push(delivery)
    }
  }
  // One that somebody else wrote first is not left alone any more: that is as good.
  await Promise.all(chosen.map((delivery) => makeDue(deps, delivery)))
  return chosen.length
}

function isLeftAlone(
  { state, lastStepMs, unrecorded }: TrackedDelivery,
  request: HurryRequest,
  nowMs: number,
): boolean {
  const isNotDueYet = state.type === 'waiting' && state.availableAtMs > nowMs
  return isNotDueYet && unrecorded === 0 && lastStepMs < request.recordedBeforeMs
}

/** Oldest first; of one moment by id, so that every receiver has the same order. */
function compare(a: PendingPosition, b: PendingPosition): number {
  return a.firstDueMs - b.firstDueMs || (a.deliveryId < b.deliveryId ? -1 : a.deliveryId > b.deliveryId ? 1 : 0)
}

function toCandidate(delivery: TrackedDelivery, nowMs: number): PendingCandidate | undefined {
  const { event, sink, sinkToken, attempts, firstDueMs, replayed, lastCause, lastStepMs, state } = delivery
  if (state.type !== 'waiting' && state.type !== 'claimed') return undefined
  return {
    deliveryId: `${event.key}.${sinkToken}`,
    owner: event.account.owner,
    eventId: event.eventId,
    sink,
    state: state.type === 'claimed' && state.availableAtMs > nowMs ? 'claimed' : 'waiting',
    attempts,
    firstDueMs,
    dueMs: state.availableAtMs,
    ...(lastCause !== undefined && { lastCause }),
    ...(lastStepMs > 0 && { lastStepMs }),
    replayed,
    readType: () => event.eventType,
    bytesToRead: 0,
  }
}
