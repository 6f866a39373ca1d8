import { maxPage } from '../../contract/admin-api/page-limits.ts'
import type { AdminClient } from './admin-client.ts'
import { inboxPods, type ReceiverPod } from './receivers.ts'
import { forEachPage } from './selected-pages.ts'
import type { Selected, Selection } from './selection-query.ts'

type Query = Selection & { limit: number; cursor?: string }

/** A page of what a receiver keeps. */
export type KeptList<Item> = (admin: AdminClient, query: Query) => Promise<{ found: readonly Item[]; cursor?: string }>

export async function listPending(admin: AdminClient, query: Query) {
  const { pending: found, ...rest } = await admin.ask('listPending', query)
  return { found, ...rest }
}

export async function listDeadLetters(admin: AdminClient, query: Query) {
  const { deadLetters: found, ...rest } = await admin.ask('listDeadLetters', query)
  return { found, ...rest }
}

/** What was delivered, and can be replayed. */
export async function listDelivered(admin: AdminClient, query: Query) {
  const { kept: found, ...rest } = await admin.ask('listKept', query)
  return { found, ...rest }
}

/** `id`: with the pod that it is in. */
export type WithId<Item> = Item & { id: string }

/**
 * What the receiver keeps of the selection, each with its name as POD/ID, page by page until there are `limit`. A
 * receiver selects one object or all of them: those of a namespace are found here.
 */
export async function keptIn<Item extends { deliveryId: string; namespace: string }>(
  { name, admin }: ReceiverPod,
  { fields, namespace }: Pick<Selected, 'fields' | 'namespace'>,
  { list, limit = Infinity }: { list: KeptList<Item>; limit?: number },
): Promise<WithId<Item>[]> {
  const kept: WithId<Item>[] = []
  await forEachPage(
    (cursor) => {
      const page = namespace === undefined ? Math.min(maxPage, limit - kept.length) : maxPage
      return list(admin, { ...fields, limit: page, ...(cursor !== undefined && { cursor }) })
    },
    ({ found }) => {
      for (const each of found) {
        if (namespace === undefined || each.namespace === namespace)
          kept.push({ id: `${name}/${each.deliveryId}`, ...each })
      }
    },
    () => kept.length >= limit,
  )
  return kept
}

/** Of all inboxes together the first `limit` in that order, each with the pod that it is in. */
export async function firstOfAll<Item extends { deliveryId: string; namespace: string }>(
  pods: readonly ReceiverPod[],
  chosen: Pick<Selected, 'fields' | 'namespace'>,
  { list, limit, order }: { list: KeptList<Item>; limit: number; order: (a: Item, b: Item) => number },
): Promise<WithId<Item>[]> {
  const found: WithId<Item>[] = []
  for (const pod of await inboxPods(pods)) found.push(...(await keptIn(pod, chosen, { list, limit })))
  return found.toSorted(order).slice(0, limit)
}
