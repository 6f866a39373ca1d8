import type { ReadBy } from '../contract/admin-api/route.ts'
import type { AdminRoutes } from '../contract/admin-api/routes.ts'
import type { DeadLetterQuery, KeptQuery, PendingQuery } from '../inbox/port.ts'

type DeadLetterSelection = ReadBy<AdminRoutes['listDeadLetters']>
type PendingSelection = ReadBy<AdminRoutes['listPending']>

/** What a selection of dead letters means to the inbox. */
export function deadLetterQuery(selection: DeadLetterSelection): DeadLetterQuery {
  const { reason, cursor } = selection
  return {
    ...commonQuery(selection),
    ...(reason !== undefined && { reason }),
    ...(cursor !== undefined && { after: { endedAtMs: cursor.ms, deliveryId: cursor.deliveryId } }),
  }
}

/** The same of what was delivered and is kept. */
export function keptQuery(selection: Omit<DeadLetterSelection, 'reason'>): KeptQuery {
  return deadLetterQuery(selection)
}

/** The same of pending deliveries. */
export function pendingQuery(selection: PendingSelection): PendingQuery {
  const { cause, cursor } = selection
  return {
    ...commonQuery(selection),
    ...(cause !== undefined && { cause }),
    ...(cursor !== undefined && { after: { firstDueMs: cursor.ms, deliveryId: cursor.deliveryId } }),
  }
}

function commonQuery(selection: Omit<DeadLetterSelection, 'reason'>) {
  const { namespace, name, sink, eventId, type, since, until, limit } = selection
  return {
    ...(namespace !== undefined && name !== undefined && { owner: { namespace, name } }),
    ...(sink !== undefined && { sink }),
    ...(eventId !== undefined && { eventId }),
    ...(type !== undefined && { eventType: type }),
    ...(since !== undefined && { sinceMs: since }),
    ...(until !== undefined && { untilMs: until }),
    limit,
  }
}
