import type { NewEvent } from '../../src/inbox/port.ts'
import { JetstreamInbox } from '../../src/inbox/jetstream/jetstream-inbox.ts'
import { SqliteInbox } from '../../src/inbox/sqlite/sqlite-inbox.ts'
import { routeNameOf } from '../../src/contract/route-owner.ts'

/** Does something else in the place of storing copies that routes get; `store` stores one after all. */
export function insteadOfStoringCopies(other: (store: () => Promise<unknown>) => Promise<unknown>): void {
  for (const { prototype } of [SqliteInbox, JetstreamInbox]) {
    const append = Reflect.get(prototype, 'appendClaiming') as (...given: unknown[]) => Promise<unknown>
    Reflect.set(prototype, 'appendClaiming', function (this: unknown, event: NewEvent, ...more: unknown[]) {
      const store = () => append.call(this, event, ...more)
      return routeNameOf(event.owner.name) === undefined ? store() : other(store)
    })
  }
}
