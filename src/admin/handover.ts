import type { Handover, Inbox } from '../inbox/port.ts'
import { ok, refused, type AdminReply, type Handler, type OnDue } from './admin-reply.ts'
import { readHandedEvent, writeHandedEvent } from './handed-event.ts'

export interface HandoverDeps {
  readonly inbox: Pick<Inbox, 'handover'>
  /**
   * Takes no more traffic and sends nothing more, until the process is started again. Resolves when attempts have
   * ended. May be called again.
   */
  readonly beginHandover: () => Promise<void>
  readonly onReplayed: OnDue
}

const nothingToMove = refused(
  409,
  'receivers share this inbox: the others deliver what is in it, and there is nothing to hand over',
)

/** Turns this receiver into one that only hands over. */
export const beginHandover: Handler<'beginHandover', HandoverDeps> = async (_given, deps) => {
  if (deps.inbox.handover === undefined) return nothingToMove
  await deps.beginHandover()
  return ok({})
}

/**
 * Events with all that has not ended of them. To be listed once sending has stopped: what is sent meanwhile is
 * delivered twice.
 */
export const listHandover: Handler<'listHandover', HandoverDeps> = ({ limit }, { inbox }) =>
  withHandover(inbox, async (handover) => ok({ events: (await handover.list(limit)).map(writeHandedEvent) }))

export const takeOver: Handler<'takeOver', HandoverDeps> = ({ events }, deps) =>
  withHandover(deps.inbox, async (handover) => {
    const results = await Promise.all(
      events.map(async (event) => ({ ref: event.ref, result: await handover.takeOver(readHandedEvent(event)) })),
    )
    if (results.some(({ result }) => result === 'stored')) deps.onReplayed([])
    return ok({ results })
  })

export const release: Handler<'release', HandoverDeps> = ({ refs }, { inbox }) =>
  withHandover(inbox, async (handover) => {
    await Promise.all(refs.map((ref) => handover.release(ref)))
    return ok({ released: refs.length })
  })

function withHandover<Answer>(
  { handover }: HandoverDeps['inbox'],
  use: (handover: Handover) => Promise<AdminReply<Answer>>,
): Promise<AdminReply<Answer>> | AdminReply<Answer> {
  return handover === undefined ? nothingToMove : use(handover)
}
