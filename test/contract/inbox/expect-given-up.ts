import assert from 'node:assert/strict'

import type { DeadLetterPosition, Inbox } from '../../../src/inbox/port.ts'

/** In the ids of events that the doomed process gives up from the beginning, for two sinks each. */
export const givenUpMark = 'g'

/**
 * After the kills: what was acknowledged as given up is so for both of its sinks, and what was not is so for both or
 * for none. Returns how many events were given up.
 */
export async function expectGivenUp(inbox: Inbox, acknowledged: readonly string[]): Promise<number> {
  const sinks = new Map<string, string[]>()
  let after: DeadLetterPosition | undefined
  do {
    const page = await inbox.deadLetters({ reason: 'RouteFull', limit: 1_000, ...(after !== undefined && { after }) })
    for (const { eventId, sink } of page.deadLetters) sinks.set(eventId, [...(sinks.get(eventId) ?? []), sink])
    after = page.next
  } while (after !== undefined)
  for (const [eventId, given] of sinks) assert.deepEqual(given.toSorted(), ['a', 'b'], eventId)
  const expected = acknowledged.filter((eventId) => eventId.includes(`-${givenUpMark}`))
  assert.ok(expected.length > 0, 'some were given up')
  assert.deepEqual(
    expected.filter((eventId) => !sinks.has(eventId)),
    [],
    'none of them is lost',
  )
  return sinks.size
}
