import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { KeyringEntry } from '../../contract/keyring/entry.ts'
import type { ReconcileTurn } from '../../kubernetes/controller-loop.ts'
import { failureOf, type Failure } from '../facts/failure-class.ts'
import { isSameJson } from '../facts/same-json.ts'
import { keyringIsFull } from '../keyring/keyring-room.ts'
import type { WebhookContext } from '../observe/context.ts'
import { refusedEntry, takenAway } from './route-entry.ts'
import type { RouteFindings } from './summarize-route.ts'

type TellContext = Pick<WebhookContext, 'keyring'> & ReconcileTurn

/** What the receivers know afterwards, and why that is not what they should. */
interface Told {
  told: KeyringEntry | undefined
  failure?: Failure
}

/** Writes what they do not know yet; without an entry they are told nothing. */
export async function tellReceivers(
  entry: KeyringEntry | undefined,
  known: KeyringEntry | undefined,
  ctx: TellContext,
): Promise<Told> {
  if (entry === undefined || isSameJson(entry, known)) return { told: known }
  const failure = await write(entry, ctx)
  return failure === undefined ? { told: entry } : { told: known, failure }
}

/**
 * Tells the receivers first what the owner of the webhook has taken away, and returns what they know then. Where even
 * fewer types find no room, the route is refused until they do.
 */
export async function takeAway(
  route: GeminiRoute,
  given: Pick<RouteFindings, 'consent' | 'webhook'>,
  ctx: TellContext,
): Promise<Told> {
  const known = ctx.keyring.entryOf(route.metadata.uid)
  const taken = takenAway(route, { ...given, known })
  if (known === undefined || taken === undefined) return { told: known }
  const failure = await write(taken, ctx)
  if (failure === undefined) return { told: taken }
  if (failure.reason !== 'KeyringFull') return { told: known, failure }
  const least = refusedEntry(known)
  const failed = await write(least, ctx)
  return failed === undefined ? { told: least } : { told: known, failure: failed }
}

/** Throws where the keyring could not hold the entry, or is not taken by the API server. */
export async function rehearseTelling(
  entry: KeyringEntry | undefined,
  { keyring, withoutWorker }: TellContext,
): Promise<void> {
  if (entry === undefined) return
  assertRoom(entry, keyring)
  await withoutWorker(() => keyring.rehearse(entry))
}

async function write(entry: KeyringEntry, { keyring, withoutWorker }: TellContext): Promise<Failure | undefined> {
  try {
    assertRoom(entry, keyring)
    await withoutWorker(() => keyring.write(entry))
    return undefined
  } catch (error) {
    return failureOf(error)
  }
}

/** As for webhooks, some room is left for what is there already. */
function assertRoom(entry: KeyringEntry, keyring: TellContext['keyring']): void {
  if (!keyring.hasRoomFor(entry)) throw keyringIsFull(entry.uid)
}
