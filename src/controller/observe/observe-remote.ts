import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../../gemini/webhook-service.ts'
import { settleMsOf } from '../config.ts'
import type { RemoteAccess, TurnContext } from './context.ts'
import { FailedCall, failureOf, stopping, type Failure } from '../facts/failure-class.ts'
import type { EndpointView, IntentView, RemoteLookup } from '../facts/observed.ts'
import { ownerOfRemote, type RemoteIdentity } from '../facts/ownership.ts'
import { findRival } from './find-rival.ts'
import { isOfThisInstallation } from '../facts/object-of-marker.ts'
import { currentHint } from '../secrets/hint.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { RememberedIntent } from '../memory/intent.ts'
import type { Noted, Recollection } from '../memory/recollection.ts'
import type { RemoteListing } from './project-view.ts'
import type { ListDemand } from './remote-observer.ts'
import { untilAborted } from '../../until-aborted.ts'

interface Viewpoint {
  access: RemoteAccess
  intent: IntentView
  /** What is known of that intent; absent: nothing. */
  remembered?: RememberedIntent | undefined
  recollection: Recollection
  endpoint: EndpointView
}

type Context = Pick<
  TurnContext,
  'clock' | 'config' | 'observer' | 'withoutWorker' | 'signal' | 'webhooks' | 'installation'
>

/** What Google showed, and what of that is to be remembered. */
export interface RemoteLook<T extends RemoteLookup = RemoteLookup> {
  remote: T
  noted: Pick<Noted, 'newerThanMs' | 'read' | 'gone'>
}

/** What Google shows of this object: from the shared list, and by id where the list alone proves nothing. */
export async function observeRemote(
  webhook: GeminiWebhook,
  { access, intent, remembered, recollection, endpoint }: Viewpoint,
  ctx: Context,
): Promise<RemoteLook> {
  if (intent.state === 'waiting') return unnoted({ state: 'notAsked' })
  const demand = {
    notBeforeMs: notBefore(webhook, { intent, remembered, recollection }, ctx),
    urgent: recollection.look !== undefined,
    party: webhook.metadata.namespace,
  }
  const listing = await listFor(access, demand, ctx)
  if ('class' in listing) return unnoted({ state: 'failed', failure: listing })
  const marked = carriedBy(listing, access.identity)
  const id = webhook.status?.webhook?.id ?? webhook.spec.externalID
  const remote = marked[0] ?? (id === undefined ? undefined : listing.byId(id))
  const isShown = [...marked, ...(remote === undefined ? [] : [remote])].some((one) =>
    recollection.deleted?.has(one.id),
  )
  const shown = isShown ? { newerThanMs: listing.startedAtMs } : {}
  if (marked.length > 1) return { remote: { state: 'several', webhooks: marked }, noted: shown }
  const rival = findRival(listing, endpoint, access.identity, isOfThisInstallation(ctx))
  if (remote !== undefined) {
    const found = viewFound(remote, { access, recollection }, ctx)
    return { remote: withRival(found.remote, rival), noted: { ...shown, ...found.noted } }
  }
  if (id === undefined)
    return unnoted({ state: 'missing', confirmed: true, confirmInMs: 0, ...(rival !== undefined && { rival }) })
  // A list may lag behind the registration itself: only of what this very process deleted is its silence enough.
  if (isDeleting(webhook) && recollection.deleted?.has(id) === true) return unnoted(goneFromList(listing, recollection))
  return lookUpById(id, { access, recollection }, ctx)
}

function unnoted(remote: RemoteLookup): RemoteLook {
  return { remote, noted: {} }
}

/**
 * What carries this object's marker, or the one of the installation that it was taken over from, and is ours by its
 * token.
 */
export function carriedBy(listing: Pick<RemoteListing, 'byMarker'>, identity: RemoteIdentity): RemoteWebhook[] {
  const markers = new Set([identity.marker, identity.formerMarker ?? identity.marker])
  return [...markers]
    .flatMap((marker) => listing.byMarker(marker))
    .filter((remote) => ownerOfRemote(remote, identity) === 'ours')
}

/**
 * The shared list, waited for without a worker: a slow answer for one API key must not hold up the objects of another.
 * No pass waits for it when the controller stops; throws FailedCall then.
 */
export async function listFor(
  { fingerprint, service }: RemoteAccess,
  demand: ListDemand,
  { observer, withoutWorker, signal }: Pick<TurnContext, 'observer' | 'withoutWorker' | 'signal'>,
): Promise<RemoteListing | Failure> {
  const known = observer.known(fingerprint, demand)
  if (known !== undefined) return known
  return withoutWorker(() => untilAborted(observer.list(fingerprint, service, demand), signal, failStopping))
}

const failStopping = () => new FailedCall(stopping)

function withRival(
  found: Extract<RemoteLookup, { state: 'found' }>,
  rival: RemoteWebhook | undefined,
): Extract<RemoteLookup, { state: 'found' }> {
  // An adopted webhook may carry the other marker itself; whose it is, is a question of its own.
  if (rival === undefined || rival.id === found.value.webhook.id) return found
  return { ...found, value: { ...found.value, rival } }
}

/**
 * How new the list must be: newer than what an intent may have done, than our own deletion, than a list that still
 * showed what was deleted, and than a request to look now.
 */
function notBefore(
  webhook: GeminiWebhook,
  { intent, remembered, recollection }: Pick<Viewpoint, 'intent' | 'remembered' | 'recollection'>,
  { clock, config }: Context,
): number {
  const { deletingSinceMs, lastMutationMs, newerThanMs, look } = recollection
  const requestedMs = look?.sinceMs ?? -Infinity
  if (isDeleting(webhook)) {
    return Math.max(
      deletingSinceMs ?? clock.monotonic(),
      lastMutationMs ?? 0,
      (newerThanMs ?? -Infinity) + 1,
      requestedMs,
    )
  }
  if (intent.state !== 'settled' || remembered === undefined) return requestedMs
  const settledMs = remembered.call === 'unclear' ? remembered.sinceMs + settleMsOf(config) : remembered.sinceMs
  return Math.max(settledMs, requestedMs)
}

function viewFound(
  webhook: RemoteWebhook,
  { access, recollection }: Pick<Viewpoint, 'access' | 'recollection'>,
  { clock, config }: Context,
): RemoteLook<Extract<RemoteLookup, { state: 'found' }>> {
  const trustedFromMs = (recollection.lastMutationMs ?? recollection.firstSightMs) + config.confirmIntervalMs
  const { read } = recollection
  // By what it showed and not by being the newest: lists that others ask for come in between, and say the same.
  const isRead = read?.id === webhook.id && read.hint === currentHint(webhook)
  const value = {
    webhook,
    owner: ownerOfRemote(webhook, access.identity),
    confirmed: isRead && read.atMs >= trustedFromMs,
    confirmInMs: Math.max(trustedFromMs - clock.monotonic(), 0),
  }
  return { remote: { state: 'found', value }, noted: { gone: undefined } }
}

/** Reads by id, and notes what that showed: only such a look can confirm what surprises in a list. */
export async function readById(
  id: string,
  access: RemoteAccess,
  { clock, observer }: Pick<Context, 'clock' | 'observer'>,
): Promise<{ webhook: RemoteWebhook | undefined; noted: Pick<Noted, 'read'> }> {
  const atMs = clock.monotonic()
  const webhook = await observer.get(access.fingerprint, access.service, id)
  const read = webhook === undefined ? undefined : { id, hint: currentHint(webhook), atMs }
  return { webhook, noted: { read } }
}

/** A deletion ends on a list that was started after our own DELETE. */
function goneFromList({ startedAtMs }: RemoteListing, { lastMutationMs, deletingSinceMs }: Recollection): RemoteLookup {
  const confirmed = startedAtMs >= Math.max(lastMutationMs ?? 0, deletingSinceMs ?? 0)
  return { state: 'missing', confirmed, confirmInMs: 0 }
}

/**
 * The list may lag and its pages may shift: an id is gone only after two reads by id, far enough apart, found nothing.
 */
async function lookUpById(
  id: string,
  { access, recollection }: Pick<Viewpoint, 'access' | 'recollection'>,
  ctx: Context,
): Promise<RemoteLook> {
  const sinceMs = recollection.gone?.id === id ? recollection.gone.atMs : undefined
  const nowMs = ctx.clock.monotonic()
  const dueMs = sinceMs === undefined ? nowMs : sinceMs + ctx.config.confirmIntervalMs
  if (dueMs > nowMs) return unnoted({ state: 'missing', confirmed: false, confirmInMs: dueMs - nowMs })
  const read = await readById(id, access, ctx).catch((error: unknown) => failureOf(error))
  if ('class' in read) return unnoted({ state: 'failed', failure: read })
  const { webhook, noted } = read
  if (webhook !== undefined) {
    const found = viewFound(webhook, { access, recollection: { ...recollection, ...noted } }, ctx)
    return { remote: found.remote, noted: { ...noted, ...found.noted } }
  }
  if (sinceMs !== undefined) return { remote: { state: 'missing', confirmed: true, confirmInMs: 0 }, noted }
  const confirmInMs = ctx.config.confirmIntervalMs
  return { remote: { state: 'missing', confirmed: false, confirmInMs }, noted: { ...noted, gone: { id, atMs: nowMs } } }
}
