import type { DeadLetter, Inbox } from '../inbox/port.ts'
import { parseSelection, type Selection } from './parse-selection.ts'

export interface AdminDeps {
  readonly inbox: Pick<Inbox, 'stats' | 'deadLetters' | 'replay'>
  /** Called once something was made due again. */
  readonly onReplayed: () => void
}

interface AdminRequest {
  readonly method: string
  readonly url: URL
  readonly body: string
}

export interface AdminReply {
  readonly status: number
  readonly body: unknown
}

/** Routes one request that was let in. Throws what the inbox throws. */
export async function answerAdmin({ method, url, body }: AdminRequest, deps: AdminDeps): Promise<AdminReply> {
  switch (`${method} ${url.pathname}`) {
    case 'GET /v1/stats':
      return { status: 200, body: await readStats(deps) }
    case 'GET /v1/deadletters': {
      const parsed = parseSelection(Object.fromEntries(url.searchParams))
      if ('problem' in parsed) return refused(parsed.problem)
      return { status: 200, body: { deadLetters: (await select(parsed.selection, deps)).map(shown) } }
    }
    case 'POST /v1/replay':
      return replay(body, deps)
    default:
      return {
        status: 404,
        body: { error: 'there are GET /v1/stats, GET /v1/deadletters and POST /v1/replay' },
      }
  }
}

async function readStats({ inbox }: AdminDeps): Promise<unknown> {
  const { pendingByOwner, ...stats } = await inbox.stats()
  return { ...stats, pendingByOwner: Object.fromEntries(pendingByOwner) }
}

/** What the inbox can select by itself it selects; the time range is ours. */
async function select({ query, sinceMs, untilMs }: Selection, { inbox }: AdminDeps): Promise<DeadLetter[]> {
  const found = await inbox.deadLetters(query)
  return found.filter(({ endedAtMs }) => endedAtMs >= sinceMs && endedAtMs < untilMs)
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

async function replay(body: string, deps: AdminDeps): Promise<AdminReply> {
  const given = parseObject(body)
  if (given === undefined) return refused('the body is no JSON object')
  const { deliveryIds, ...rest } = given
  let ids: readonly string[]
  if (deliveryIds === undefined) {
    // An empty selection would be everything: that must be said, not left out.
    if (Object.keys(rest).length === 0)
      return refused('nothing is selected: give deliveryIds, or at least one of the others')
    const parsed = parseSelection(rest)
    if ('problem' in parsed) return refused(parsed.problem)
    ids = (await select(parsed.selection, deps)).map(({ deliveryId }) => deliveryId)
  } else if (isIdList(deliveryIds) && Object.keys(rest).length === 0) ids = deliveryIds
  else return refused('deliveryIds must be a list of 1 to 1000 texts and stand alone')
  const replayed: string[] = []
  const unknown: string[] = []
  for (const id of ids) ((await deps.inbox.replay(id)) ? replayed : unknown).push(id)
  if (replayed.length > 0) deps.onReplayed()
  return { status: 200, body: { replayed, unknown } }
}

function isIdList(value: unknown): value is string[] {
  if (!Array.isArray(value) || value.length < 1 || value.length > 1000) return false
  return value.every((id) => typeof id === 'string' && id.length <= 256)
}

function parseObject(json: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

function refused(error: string): AdminReply {
  return { status: 400, body: { error } }
}
