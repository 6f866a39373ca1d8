import { JetstreamInbox } from '../../src/inbox/jetstream/jetstream-inbox.ts'
import type { ClaimedDelivery, NextStep } from '../../src/inbox/port.ts'
import { SqliteInbox } from '../../src/inbox/sqlite/sqlite-inbox.ts'
import { routesSinkName } from '../../src/contract/route-owner.ts'

/** The program, whose receiver is killed once every copy is stored, before the routing step is written down. */
for (const { prototype } of [SqliteInbox, JetstreamInbox]) {
  const record = Reflect.get(prototype, 'record') as (...given: unknown[]) => Promise<void>
  Reflect.set(prototype, 'record', function (this: unknown, delivery: ClaimedDelivery, next: NextStep, when: unknown) {
    const isRouted = delivery.sink === routesSinkName && next.type === 'Succeed'
    if (isRouted) process.kill(process.pid, 'SIGKILL')
    return record.call(this, delivery, next, when)
  })
}
await import('../../src/main.ts')
