import { writeCursor } from '../contract/admin-api/cursor.ts'
import type { Inbox, KeptDelivery } from '../inbox/port.ts'
import { ok, type Handler } from './admin-reply.ts'
import { keptQuery } from './selection-query.ts'

export const listKept: Handler<'listKept', { readonly inbox: Pick<Inbox, 'kept'> }> = async (selection, { inbox }) => {
  const { kept, next } = await inbox.kept(keptQuery(selection))
  const cursor = next && writeCursor({ ms: next.endedAtMs, deliveryId: next.deliveryId })
  return ok({ kept: kept.map(shown), ...(cursor !== undefined && { cursor }) })
}

function shown({ owner, endedAtMs, keepUntilMs, ...delivery }: KeptDelivery) {
  return {
    ...delivery,
    namespace: owner.namespace,
    name: owner.name,
    uid: owner.uid,
    deliveredAt: new Date(endedAtMs).toISOString(),
    keptUntil: new Date(keepUntilMs).toISOString(),
  }
}
