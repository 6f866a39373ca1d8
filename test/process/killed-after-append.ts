import { JetstreamInbox } from '../../src/inbox/jetstream/jetstream-inbox.ts'
import type { FirstLeases, NewEvent } from '../../src/inbox/port.ts'
import { SqliteInbox } from '../../src/inbox/sqlite/sqlite-inbox.ts'

/**
 * The program, whose receiver is killed in the moment after the first append that claimed its deliveries: the event is
 * stored, and nothing has begun yet.
 */
for (const { prototype } of [SqliteInbox, JetstreamInbox]) {
  const append = Reflect.get(prototype, 'appendClaiming')
  prototype.appendClaiming = async function (this: never, event: NewEvent, leases: FirstLeases) {
    const appended = await append.call(this, event, leases)
    if (appended.claimed.length > 0) process.kill(process.pid, 'SIGKILL')
    return appended
  }
}
await import('../../src/main.ts')
