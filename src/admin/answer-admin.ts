import { readGiven, type Came } from '../contract/admin-api/read-given.ts'
import type { AnswerOf } from '../contract/admin-api/route.ts'
import { adminRoutes, deliveryStream, eventStream, type AdminRoutes } from '../contract/admin-api/routes.ts'
import type { DeliveryFeed } from '../feed/delivery-feed.ts'
import type { EventFeed } from '../feed/event-feed.ts'
import type { Inbox } from '../inbox/port.ts'
import { ok, refused, type AdminReply, type Handler } from './admin-reply.ts'
import { listDeadLetters, readDeadLetterBody, replay, type DeadLetterDeps } from './dead-letters.ts'
import { beginHandover, listHandover, release, takeOver, type HandoverDeps } from './handover.ts'
import { listKept } from './kept-deliveries.ts'
import { listPending, retry, type PendingDeps } from './pending-deliveries.ts'
import { listRecent } from './recent-deliveries.ts'

export interface AdminDeps extends DeadLetterDeps, HandoverDeps, PendingDeps {
  readonly inbox: DeadLetterDeps['inbox'] & HandoverDeps['inbox'] & PendingDeps['inbox'] & Pick<Inbox, 'stats'>
  readonly feed: DeliveryFeed
  /** What is stored, with bodies. */
  readonly arrivals: EventFeed
  /**
   * Attempts of each namespace in this receiver, and its deliveries that wait in memory; a namespace with neither may
   * be missing.
   */
  readonly underWay: () => ReadonlyMap<string, { readonly underWay: number; readonly waiting: number }>
  /** Whether other receivers have the same inbox. */
  readonly isInboxShared: boolean
}

type Handlers = { readonly [Name in keyof AdminRoutes]: Handler<Name, AdminDeps> }

const nothingStored = { events: 0, bytes: 0, deadLetters: 0, rememberedIds: 0 }
const nothingUnderWay = { underWay: 0, waiting: 0 }

const readStats: Handlers['readStats'] = async (_given, { inbox, isInboxShared, underWay }) => {
  const { pendingByOwner, lastDropMsByOwner, byNamespace, ...stats } = await inbox.stats()
  const here = underWay()
  return ok({
    inbox: isInboxShared ? 'shared' : 'own',
    ...stats,
    pendingByOwner: Object.fromEntries(pendingByOwner),
    lastDropMsByOwner: Object.fromEntries(lastDropMsByOwner),
    namespaces: [...new Set([...byNamespace.keys(), ...here.keys()])].toSorted().map((namespace) => {
      const { events, bytes, deadLetters: given, rememberedIds } = byNamespace.get(namespace) ?? nothingStored
      const { underWay: attempts, waiting } = here.get(namespace) ?? nothingUnderWay
      return { namespace, events, bytes, deadLetters: given, rememberedIds, underWay: attempts, waiting }
    }),
  })
}

const handlers: Handlers = {
  readStats,
  listRecent,
  listPending,
  retry,
  listDeadLetters,
  readDeadLetterBody,
  listKept,
  replay,
  beginHandover,
  listHandover,
  takeOver,
  release,
}

/** Answers a request to one route that was let in. Throws what the inbox throws. */
export async function answerAdmin<Name extends keyof AdminRoutes>(
  name: Name,
  came: Came,
  deps: AdminDeps,
): Promise<AdminReply<AnswerOf<AdminRoutes[Name]>>> {
  const given = readGiven(adminRoutes[name], came)
  return 'problem' in given ? refused(400, given.problem) : handlers[name](given.read, deps)
}

const requests = [...Object.values(adminRoutes), deliveryStream, eventStream].map(
  ({ method, path }) => `${method} ${path}`,
)

export const noSuchRoute = refused(404, `there are ${requests.slice(0, -1).join(', ')} and ${requests.at(-1)}`)
