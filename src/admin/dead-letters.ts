import { writeCursor } from '../contract/admin-api/cursor.ts'
import { readCause } from '../contract/delivery-cause.ts'
import type { DeadLetter, DeadLetterPosition, Inbox } from '../inbox/port.ts'
import { ok, refused, type Handler, type OnDue } from './admin-reply.ts'
import { deadLetterQuery, keptQuery } from './selection-query.ts'

export interface DeadLetterDeps {
  readonly inbox: Pick<Inbox, 'deadLetters' | 'deadLetterEvent' | 'kept' | 'replay'>
  readonly onReplayed: OnDue
}

export const listDeadLetters: Handler<'listDeadLetters', DeadLetterDeps> = async (selection, { inbox }) => {
  const { deadLetters, next } = await inbox.deadLetters(deadLetterQuery(selection))
  return ok({ deadLetters: deadLetters.map(shown), ...(next !== undefined && { cursor: cursorOf(next) }) })
}

/** The one answer that contains the body of an event, and only of the one that was requested. */
export const readDeadLetterBody: Handler<'readDeadLetterBody', DeadLetterDeps> = async ({ deliveryId }, { inbox }) => {
  const event = await inbox.deadLetterEvent(deliveryId)
  if (event === undefined) return refused(404, 'deliveryId is no dead letter (any more)')
  const { eventId, contentType, receivedAtMs, body } = event
  return ok({
    deliveryId,
    eventId,
    contentType,
    receivedAt: new Date(receivedAtMs).toISOString(),
    bodyBase64: Buffer.from(body).toString('base64'),
  })
}

export const replay: Handler<'replay', DeadLetterDeps> = async (targets, deps) => {
  if ('deliveryIds' in targets) return ok(await replayAll(targets.deliveryIds, deps))
  // One page of the selection: a caller that wants more continues with the cursor.
  const { found, next } = await selected(targets, deps)
  const ids = found.map(({ deliveryId }) => deliveryId)
  const lanes = new Set(found.map(({ owner, sink }) => `${owner.uid}/${sink}`))
  return ok({ ...(await replayAll(ids, deps, lanes)), ...(next !== undefined && { cursor: cursorOf(next) }) })
}

type Selected = Exclude<Parameters<typeof replay>[0], { deliveryIds: unknown }>

async function selected({ delivered, ...selection }: Selected, { inbox }: DeadLetterDeps) {
  if (delivered === true) {
    const { kept, ...more } = await inbox.kept(keptQuery(selection))
    return { found: kept, ...more }
  }
  const { deadLetters, ...more } = await inbox.deadLetters(deadLetterQuery(selection))
  return { found: deadLetters, ...more }
}

/** Together, so that they share a commit where the inbox has commits. */
async function replayAll(
  ids: readonly string[],
  { inbox, onReplayed }: DeadLetterDeps,
  lanes: ReadonlySet<string> = new Set(),
) {
  const known = await Promise.allSettled(ids.map((id) => inbox.replay(id)))
  const isReplayed = (at: number) => known[at]?.status === 'fulfilled' && known[at].value
  const replayed = ids.filter((_, at) => isReplayed(at))
  if (replayed.length > 0) onReplayed(lanes)
  const failure = known.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return { replayed, unknown: ids.filter((_, at) => !isReplayed(at)) }
}

function cursorOf({ endedAtMs, deliveryId }: DeadLetterPosition): string {
  return writeCursor({ ms: endedAtMs, deliveryId })
}

function shown({ owner, firstDueMs, endedAtMs, ...letter }: DeadLetter) {
  const { status } = readCause(letter.lastCause ?? '') ?? {}
  return {
    ...letter,
    ...(status !== undefined && { lastStatus: status }),
    namespace: owner.namespace,
    name: owner.name,
    uid: owner.uid,
    ...(firstDueMs !== undefined && { since: new Date(firstDueMs).toISOString() }),
    endedAt: new Date(endedAtMs).toISOString(),
  }
}
