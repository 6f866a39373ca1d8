import type { DeliveryKey, DeliveryLife } from '../../contract/page/deliveries.ts'
import type { Entries } from '../entries.ts'
import type { OpenedReceivers } from '../receivers/opened-receivers.ts'
import { lifeOf } from './life.ts'
import { askDeadLetters, askPending, readPage } from './pages.ts'

/** What is known of one delivery here and in the inboxes; undefined where nothing is. */
export async function readLife(
  key: DeliveryKey,
  { entries, receivers }: { entries: Entries; receivers: OpenedReceivers },
): Promise<DeliveryLife | undefined> {
  const [pending, deadLetters] = await Promise.all([
    readPage(askPending, key, { receivers, total: 0 }),
    readPage(askDeadLetters, key, { receivers, total: 0 }),
  ])
  const without = [...new Set([...pending.without, ...deadLetters.without].map(({ pod }) => pod))]
  return lifeOf(key, { entries: entries.of(key), pending: pending.items, deadLetters: deadLetters.items, without })
}
