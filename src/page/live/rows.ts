import type { WebhookRow } from '../../contract/page/overview.ts'

/** The list of objects as the stream has told it so far. */
export interface RowSet {
  readonly byId: ReadonlyMap<string, WebhookRow>
  readonly isComplete: boolean
}

export const noRows: RowSet = { byId: new Map(), isComplete: false }

interface RowsMessage {
  readonly isStart?: true
  readonly isComplete?: true
  readonly changed: readonly WebhookRow[]
  readonly removed: readonly string[]
}

/** What the list is after these messages: one copy for all of them. Pure. */
export function applyRows(before: RowSet, messages: readonly RowsMessage[]): RowSet {
  let { isComplete } = before
  const byId = new Map(before.byId)
  for (const { isStart, isComplete: ends, changed, removed } of messages) {
    if (isStart === true) {
      byId.clear()
      isComplete = false
    }
    for (const row of changed) byId.set(row.id, row)
    for (const id of removed) byId.delete(id)
    isComplete ||= ends === true
  }
  return { byId, isComplete }
}
