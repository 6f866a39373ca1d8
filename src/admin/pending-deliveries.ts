import { writeCursor } from '../contract/admin-api/cursor.ts'
import type { Inbox, PendingDelivery } from '../inbox/port.ts'
import { ok, type Handler, type OnDue } from './admin-reply.ts'
import { pendingQuery } from './selection-query.ts'

export interface PendingDeps {
  readonly inbox: Pick<Inbox, 'pending' | 'retryNow'>
  readonly onReplayed: OnDue
}

export const listPending: Handler<'listPending', PendingDeps> = async (selection, { inbox }) => {
  const { pending, next } = await inbox.pending(pendingQuery(selection))
  return ok({ pending: pending.map(shown), ...(next !== undefined && { cursor: cursorOf(next) }) })
}

/** Makes waiting deliveries due now. Those under way are not affected, and are no part of a selection. */
export const retry: Handler<'retry', PendingDeps> = async (targets, deps) => {
  if ('deliveryIds' in targets) return ok(await retryAll(targets.deliveryIds, deps))
  const { pending, next } = await deps.inbox.pending(pendingQuery(targets))
  const waiting = pending.filter(({ state }) => state === 'waiting')
  const result = await retryAll(
    waiting.map(({ deliveryId }) => deliveryId),
    deps,
  )
  return ok({ ...result, ...(next !== undefined && { cursor: cursorOf(next) }) })
}

/** Together, so that they share a commit where the inbox has commits. */
async function retryAll(ids: readonly string[], { inbox, onReplayed }: PendingDeps) {
  const answers = await Promise.allSettled(ids.map((id) => inbox.retryNow(id)))
  const laneOf = (at: number) => {
    const answer = answers[at]
    return answer?.status === 'fulfilled' ? answer.value : undefined
  }
  const lanes = new Set(ids.flatMap((_, at) => laneOf(at) ?? []))
  if (lanes.size > 0) onReplayed(lanes)
  const failure = answers.find((answer) => answer.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return {
    retried: ids.filter((_, at) => laneOf(at) !== undefined),
    unknown: ids.filter((_, at) => laneOf(at) === undefined),
  }
}

function cursorOf({ firstDueMs, deliveryId }: { firstDueMs: number; deliveryId: string }): string {
  return writeCursor({ ms: firstDueMs, deliveryId })
}

/** A claimed delivery has no known time of its next try: its attempt is under way, or about to be. */
function shown({ owner, firstDueMs, dueMs, lastStepMs, ...delivery }: PendingDelivery) {
  return {
    ...delivery,
    namespace: owner.namespace,
    name: owner.name,
    uid: owner.uid,
    since: new Date(firstDueMs).toISOString(),
    ...(delivery.state === 'waiting' && { nextTryAt: new Date(dueMs).toISOString() }),
    ...(lastStepMs !== undefined && { lastStepAt: new Date(lastStepMs).toISOString() }),
  }
}
