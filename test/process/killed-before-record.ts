import { JetstreamInbox } from '../../src/inbox/jetstream/jetstream-inbox.ts'
import type { ClaimedDelivery, NextStep } from '../../src/inbox/port.ts'
import { SqliteInbox } from '../../src/inbox/sqlite/sqlite-inbox.ts'

/**
 * The program, whose receiver is killed in the moment after the first end that may wait for other writes was handed to
 * the inbox: the sink has answered, and nothing is written down yet.
 */
for (const { prototype } of [SqliteInbox, JetstreamInbox]) {
  const record = Reflect.get(prototype, 'record')
  prototype.record = function (this: never, delivery: ClaimedDelivery, next: NextStep, when?: 'now' | 'soon') {
    const recorded = record.call(this, delivery, next, when)
    if (when === 'soon') process.kill(process.pid, 'SIGKILL')
    return recorded
  }
}
await import('../../src/main.ts')
