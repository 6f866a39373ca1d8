import type { Inbox } from '../../../src/inbox/port.ts'
import { anEvent, anOwner } from './an-event.ts'

/**
 * Appends for one namespace (n0, n1, ...) after the other, each until its share is used up, until nobody gets in any
 * more. Bodies get smaller when not even the first of a namespace fits. Returns how many were stored.
 */
export async function fillUp(inbox: Pick<Inbox, 'append'>, bodyBytes = 100): Promise<number> {
  let stored = 0
  for (let at = 0, bytes = bodyBytes; ; at += 1) {
    const owner = anOwner('o', `n${at}`)
    for (let number = 0; ; number += 1) {
      const result = await inbox.append(anEvent({ eventId: `msg_${number}`, owner, body: Buffer.alloc(bytes, 'x') }))
      if (result === 'inboxFull') return stored
      if (result === 'stored') stored += 1
      else if (number > 0) break
      else if (bytes === 0) throw new Error(`a new namespace was answered ${result}, though the inbox is not full`)
      else {
        bytes = bytes < 200 ? 0 : Math.floor(bytes / 2)
        break
      }
    }
  }
}
