import { inTurns } from '../../fairness/in-turn.ts'
import type { SeenBatch } from './seen-batches.ts'
import type { SentEvent } from './send-event.ts'

/** What is to be sent for one object, in its order. */
export interface OwedByObject {
  readonly uid: string
  readonly namespace: string
  readonly owed: readonly SeenBatch[]
}

/** What came of it. */
export interface SentForObject {
  /** How many receivers stored. */
  stored: number
  /** Ids of these, and of what they had. */
  readonly acknowledged: Set<string>
  /** Why the last one failed that did. */
  failure?: string
}

/** Requests under way at the same time, of one run. */
const workers = 4
/** In a row, and no more is sent for the object in this run: what is down is not hurried. */
const mostFailures = 3

/**
 * Sends what is owed, the namespaces and their objects in turns. An object whose events keep failing is left for the
 * next run, and the others go on. `send` never throws; undefined: the object is not to be sent anything any more.
 *
 * @returns One entry for each object, also where nothing was sent.
 */
export async function sendInTurns(
  objects: readonly OwedByObject[],
  send: (uid: string, batch: SeenBatch) => Promise<SentEvent | undefined>,
  signal: AbortSignal,
): Promise<Map<string, SentForObject>> {
  const sent = new Map<string, SentForObject>(objects.map(({ uid }) => [uid, { stored: 0, acknowledged: new Set() }]))
  const failuresInARow = new Map<string, number>()
  const line = lineOf(objects)[Symbol.iterator]()

  async function work(): Promise<void> {
    for (let next = line.next(); next.done !== true && !signal.aborted; next = line.next()) {
      const { uid, batch } = next.value
      const failures = () => failuresInARow.get(uid) ?? 0
      const into = sent.get(uid)
      if (into === undefined || failures() >= mostFailures) continue
      const outcome = await send(uid, batch)
      if (outcome === undefined) failuresInARow.set(uid, mostFailures)
      else if (outcome.state === 'failed') {
        failuresInARow.set(uid, outcome.endsRun === true ? mostFailures : failures() + 1)
        into.failure = outcome.why
      } else {
        failuresInARow.set(uid, 0)
        into.acknowledged.add(batch.eventId)
        if (outcome.state === 'stored') into.stored += 1
      }
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return sent
}

/** The first of each object, then the second of each; so that nothing is put together for all of them at once. */
function* lineOf(objects: readonly OwedByObject[]): Generator<{ uid: string; batch: SeenBatch }> {
  const order = inTurns(objects, ({ namespace }) => namespace)
  const longest = order.reduce((most, { owed }) => Math.max(most, owed.length), 0)
  for (let at = 0; at < longest; at += 1) {
    for (const { uid, owed } of order) {
      const batch = owed[at]
      if (batch !== undefined) yield { uid, batch }
    }
  }
}
