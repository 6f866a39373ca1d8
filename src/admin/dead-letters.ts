import type { DeadLetter, Inbox } from '../inbox/port.ts'
import { ok, refused, type AdminReply, type AdminRequest } from './admin-reply.ts'
import { parseSelection, selectingFields, writeCursor } from './parse-selection.ts'
import { isText } from './text-fields.ts'

export interface DeadLetterDeps {
  readonly inbox: Pick<Inbox, 'deadLetters' | 'deadLetterEvent' | 'replay'>
  /** Called once something was made due again. */
  readonly onReplayed: () => void
}

/** What one call names at most. */
const maxIds = 1_000

export async function listDeadLetters({ url }: AdminRequest, { inbox }: DeadLetterDeps): Promise<AdminReply> {
  const parsed = parseSelection(Object.fromEntries(url.searchParams))
  if ('problem' in parsed) return refused(parsed.problem)
  const { deadLetters, next } = await inbox.deadLetters(parsed.query)
  return ok({ deadLetters: deadLetters.map(shown), ...(next !== undefined && { cursor: writeCursor(next) }) })
}

/** The one answer with a body of an event, which nobody gets who did not ask for this very one. */
export async function readDeadLetterBody({ url }: AdminRequest, { inbox }: DeadLetterDeps): Promise<AdminReply> {
  const deliveryId = url.searchParams.get('deliveryId')
  if (!isText(deliveryId)) return refused('give the deliveryId of a dead letter')
  const event = await inbox.deadLetterEvent(deliveryId)
  if (event === undefined) return { status: 404, body: { error: 'deliveryId is no dead letter (any more)' } }
  const { eventId, contentType, receivedAtMs, body } = event
  return ok({
    deliveryId,
    eventId,
    contentType,
    receivedAt: new Date(receivedAtMs).toISOString(),
    bodyBase64: Buffer.from(body).toString('base64'),
  })
}

export async function replay({ body }: AdminRequest, deps: DeadLetterDeps): Promise<AdminReply> {
  const given = parseObject(body)
  if (given === undefined) return refused('the body is no JSON object')
  const { deliveryIds, ...rest } = given
  if (deliveryIds === undefined) return replaySelected(rest, deps)
  if (!isIdList(deliveryIds) || Object.keys(rest).length > 0) {
    return refused(`deliveryIds must be a list of 1 to ${maxIds} texts and stand alone`)
  }
  return ok(await replayAll(deliveryIds, deps))
}

/** One page of the selection: a caller with more goes on with the cursor. */
async function replaySelected({ all, ...fields }: Record<string, unknown>, deps: DeadLetterDeps): Promise<AdminReply> {
  const isNarrowed = selectingFields.some((field) => fields[field] !== undefined)
  // An empty selection is everything: that must be said, not left out.
  if (all === undefined ? !isNarrowed : all !== true || isNarrowed) {
    return refused(`give deliveryIds, at least one of ${selectingFields.join(', ')}, or "all": true alone`)
  }
  const parsed = parseSelection(fields)
  if ('problem' in parsed) return refused(parsed.problem)
  const { deadLetters, next } = await deps.inbox.deadLetters(parsed.query)
  const result = await replayAll(
    deadLetters.map(({ deliveryId }) => deliveryId),
    deps,
  )
  return ok({ ...result, ...(next !== undefined && { cursor: writeCursor(next) }) })
}

/** Together, so that they share a commit where the inbox has commits. */
async function replayAll(ids: readonly string[], { inbox, onReplayed }: DeadLetterDeps) {
  const known = await Promise.allSettled(ids.map((id) => inbox.replay(id)))
  const isReplayed = (at: number) => known[at]?.status === 'fulfilled' && known[at].value
  const replayed = ids.filter((_, at) => isReplayed(at))
  if (replayed.length > 0) onReplayed()
  const failure = known.find((result) => result.status === 'rejected')
  if (failure !== undefined) throw failure.reason
  return { replayed, unknown: ids.filter((_, at) => !isReplayed(at)) }
}

function shown({ owner, endedAtMs, ...letter }: DeadLetter): unknown {
  return {
    ...letter,
    namespace: owner.namespace,
    name: owner.name,
    uid: owner.uid,
    endedAt: new Date(endedAtMs).toISOString(),
  }
}

function isIdList(value: unknown): value is string[] {
  return Array.isArray(value) && value.length >= 1 && value.length <= maxIds && value.every(isText)
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}
