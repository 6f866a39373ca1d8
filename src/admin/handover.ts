import type { Handover, Inbox } from '../inbox/port.ts'
import { ok, refused, type AdminReply, type AdminRequest } from './admin-reply.ts'
import { parseHandedEvents, parseHandedRefs, writeHandedEvent } from './handed-event.ts'
import { countOf } from './text-fields.ts'

export interface HandoverDeps {
  readonly inbox: Pick<Inbox, 'handover'>
  /** Takes no more traffic and sends nothing more, until the process is started again. Resolves when attempts have ended. May be called again. */
  readonly beginHandover: () => Promise<void>
  /** Called once something was made due. */
  readonly onReplayed: () => void
}

const maxLimit = 100
const nothingToMove: AdminReply = {
  status: 409,
  body: { error: 'receivers share this inbox: the others deliver what is in it, and there is nothing to hand over' },
}

/** Turns this receiver into one that only hands over. */
export async function beginHandover(_request: AdminRequest, deps: HandoverDeps): Promise<AdminReply> {
  if (deps.inbox.handover === undefined) return nothingToMove
  await deps.beginHandover()
  return ok({})
}

/** Events with all that has not ended of them. To be asked once sending has stopped: what is sent meanwhile is delivered twice. */
export function listHandover({ url }: AdminRequest, { inbox }: HandoverDeps): Promise<AdminReply> | AdminReply {
  const limit = countOf(url.searchParams.get('limit') ?? maxLimit, maxLimit)
  if (Number.isNaN(limit)) return refused(`limit is not 1 to ${maxLimit}`)
  return withHandover(inbox, async (handover) => ok({ events: (await handover.list(limit)).map(writeHandedEvent) }))
}

export function takeOver({ body }: AdminRequest, deps: HandoverDeps): Promise<AdminReply> | AdminReply {
  const events = parseHandedEvents(body)
  if (events === undefined) return refused('the body is no {events: [...]} as GET /v1/handover gives them')
  return withHandover(deps.inbox, async (handover) => {
    const results = await Promise.all(events.map((event) => handover.takeOver(event)))
    if (results.includes('stored')) deps.onReplayed()
    return ok({ results: events.map(({ ref }, at) => ({ ref, result: results[at] })) })
  })
}

export function release({ body }: AdminRequest, { inbox }: HandoverDeps): Promise<AdminReply> | AdminReply {
  const refs = parseHandedRefs(body)
  if (refs === undefined) return refused('the body is no {refs: [...]}')
  return withHandover(inbox, async (handover) => {
    await Promise.all(refs.map((ref) => handover.release(ref)))
    return ok({ released: refs.length })
  })
}

function withHandover(
  { handover }: HandoverDeps['inbox'],
  use: (handover: Handover) => Promise<AdminReply>,
): Promise<AdminReply> | AdminReply {
  return handover === undefined ? nothingToMove : use(handover)
}
