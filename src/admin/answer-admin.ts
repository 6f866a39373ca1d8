import type { DeliveryFeed } from '../feed/delivery-feed.ts'
import type { Inbox } from '../inbox/port.ts'
import { ok, type AdminReply, type AdminRequest } from './admin-reply.ts'
import { listDeadLetters, readDeadLetterBody, replay, type DeadLetterDeps } from './dead-letters.ts'
import { beginHandover, listHandover, release, takeOver, type HandoverDeps } from './handover.ts'
import { listRecent } from './recent-deliveries.ts'

export interface AdminDeps extends DeadLetterDeps, HandoverDeps {
  readonly inbox: DeadLetterDeps['inbox'] & HandoverDeps['inbox'] & Pick<Inbox, 'stats'>
  readonly feed: DeliveryFeed
  /** Whether other receivers have the same inbox. */
  readonly isInboxShared: boolean
}

const routes: Readonly<Record<string, (request: AdminRequest, deps: AdminDeps) => Promise<AdminReply> | AdminReply>> = {
  'GET /v1/stats': (_request, deps) => readStats(deps),
  'GET /v1/deliveries': listRecent,
  'GET /v1/deadletters': listDeadLetters,
  'GET /v1/deadletters/body': readDeadLetterBody,
  'POST /v1/replay': replay,
  'POST /v1/handover/begin': beginHandover,
  'GET /v1/handover': listHandover,
  'POST /v1/handover': takeOver,
  'POST /v1/handover/done': release,
}

/** Streams instead of answering: the server takes it before it gets here. */
export const streamPath = '/v1/deliveries/stream'

/** Routes one request that was let in. Throws what the inbox throws. */
export async function answerAdmin(request: AdminRequest, deps: AdminDeps): Promise<AdminReply> {
  const route = routes[`${request.method} ${request.url.pathname}`]
  if (route !== undefined) return route(request, deps)
  return { status: 404, body: { error: `there are ${Object.keys(routes).join(', ')} and GET ${streamPath}` } }
}

async function readStats({ inbox, isInboxShared }: AdminDeps): Promise<AdminReply> {
  const { pendingByOwner, lastDropMsByOwner, ...stats } = await inbox.stats()
  return ok({
    inbox: isInboxShared ? 'shared' : 'own',
    ...stats,
    pendingByOwner: Object.fromEntries(pendingByOwner),
    lastDropMsByOwner: Object.fromEntries(lastDropMsByOwner),
  })
}
