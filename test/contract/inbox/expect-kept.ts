import assert from 'node:assert/strict'

import type { DeadLetterPosition, Inbox } from '../../../src/inbox/port.ts'

/** In the ids of events that the doomed process keeps once they are delivered. */
export const keptMark = 'k'
export const keptMs = 3_600_000

/** After the kills: what was written down as delivered and kept is so still, and can be replayed. */
export async function expectKept(inbox: Inbox, ended: Iterable<string>): Promise<void> {
  const ids = new Map<string, string>()
  let after: DeadLetterPosition | undefined
  do {
    const page = await inbox.kept({ limit: 1_000, ...(after !== undefined && { after }) })
    for (const { eventId, deliveryId } of page.kept) ids.set(eventId, deliveryId)
    after = page.next
  } while (after !== undefined)
  const expected = [...ended].filter((eventId) => eventId.includes(`-${keptMark}`))
  assert.ok(expected.length > 0, 'some were to be kept')
  assert.deepEqual(
    expected.filter((eventId) => !ids.has(eventId)),
    [],
    'none of them is lost',
  )
  const [deliveryId = ''] = ids.values()
  assert.equal(await inbox.replay(deliveryId), true)
}
