import { reconcileRequestedAtAnnotation } from '../api/names.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { RemoteWebhook } from '../gemini/webhook-service.ts'
import { settleMsOf } from './config.ts'
import type { RemoteAccess, TurnContext } from './context.ts'
import { FailedCall, failureOf, stopping, type Failure } from './failure-class.ts'
import type { EndpointView, IntentView, RemoteLookup } from './observed.ts'
import { ownerOf } from './ownership.ts'
import { findRival } from './find-rival.ts'
import { isDeleting } from './life-stage.ts'
import type { Recollection } from './recollection.ts'
import type { RemoteListing } from './project-view.ts'
import type { ListDemand } from './remote-observer.ts'

interface Viewpoint {
  access: RemoteAccess
  intent: IntentView
  recollection: Recollection
  endpoint: EndpointView
}

type Context = Pick<TurnContext, 'clock' | 'config' | 'observer' | 'aside' | 'signal'>

/** What Google shows of this object: from the shared list, and by id where the list alone proves nothing. */
export async function observeRemote(
  webhook: GeminiWebhook,
  { access, intent, recollection, endpoint }: Viewpoint,
  ctx: Context,
): Promise<RemoteLookup> {
  if (intent.state === 'waiting') return { state: 'notAsked' }
  const demand = { notBeforeMs: notBefore(webhook, intent, recollection, ctx), urgent: isUrgent(webhook) }
  const listing = await listFor(access, demand, ctx)
  if ('class' in listing) return { state: 'failed', failure: listing }
  const marked = listing.byMarker(access.marker)
  if (marked.length > 1) return { state: 'several', webhooks: marked }
  const id = webhook.status?.webhook?.id ?? webhook.spec.externalID
  const remote = marked[0] ?? (id === undefined ? undefined : listing.byId(id))
  const rival = findRival(listing, endpoint, access.marker)
  if (remote !== undefined) return withRival(viewFound(remote, { access, recollection }, ctx), rival)
  if (id === undefined)
    return { state: 'missing', confirmed: true, confirmInMs: 0, ...(rival !== undefined && { rival }) }
  // A list may lag behind the registration itself: only of what this very process deleted is its silence enough.
  if (isDeleting(webhook) && recollection.deletedId === id) return goneFromList(listing, recollection)
  return lookUpById(id, { access, recollection }, ctx)
}

/**
 * The shared list, waited for aside: a slow answer for one API key must not hold up the objects of another. Nobody waits for it when the controller is told
 * to stop; throws FailedCall then.
 */
export async function listFor(
  { fingerprint, service }: RemoteAccess,
  demand: ListDemand,
  { observer, aside, signal }: Pick<TurnContext, 'observer' | 'aside' | 'signal'>,
): Promise<RemoteListing | Failure> {
  const known = observer.known(fingerprint, demand)
  if (known !== undefined) return known
  return aside(() => unlessStopped(observer.list(fingerprint, service, demand), signal))
}

async function unlessStopped<T>(wait: Promise<T>, signal: AbortSignal): Promise<T> {
  const stopped = Promise.withResolvers<never>()
  const stop = () => stopped.reject(new FailedCall(stopping))
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    return await Promise.race([wait, stopped.promise])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

function withRival(
  found: Extract<RemoteLookup, { state: 'found' }>,
  rival: RemoteWebhook | undefined,
): Extract<RemoteLookup, { state: 'found' }> {
  // An adopted webhook may carry the other marker itself; whose it is, is a question of its own.
  if (rival === undefined || rival.id === found.value.webhook.id) return found
  return { ...found, value: { ...found.value, rival } }
}

/** How new the list must be: newer than what an intent may have done, than our own deletion, and than a request to look now. */
function notBefore(
  webhook: GeminiWebhook,
  intent: IntentView,
  recollection: Recollection,
  { clock, config }: Context,
): number {
  const { intent: remembered, deletingSinceMs, lastMutationMs } = recollection
  if (isUrgent(webhook)) return clock.monotonic()
  if (isDeleting(webhook)) return Math.max(deletingSinceMs ?? clock.monotonic(), lastMutationMs ?? 0)
  if (intent.state !== 'settled' || remembered === undefined) return -Infinity
  return remembered.call === 'unclear' ? remembered.sinceMs + settleMsOf(config) : remembered.sinceMs
}

function isUrgent({ metadata, status }: GeminiWebhook): boolean {
  const requested = metadata.annotations?.[reconcileRequestedAtAnnotation]
  return requested !== undefined && requested !== status?.lastHandledReconcileAt
}

function viewFound(
  webhook: RemoteWebhook,
  { access, recollection }: Omit<Viewpoint, 'intent' | 'endpoint'>,
  { clock, config, observer }: Context,
): Extract<RemoteLookup, { state: 'found' }> {
  delete recollection.gone
  const trustedFromMs = (recollection.lastMutationMs ?? recollection.firstSightMs) + config.confirmIntervalMs
  const readMs = observer.readByIdMs(access.fingerprint, webhook.id)
  return {
    state: 'found',
    value: {
      webhook,
      owner: ownerOf(webhook.name, access.marker),
      confirmed: readMs !== undefined && readMs >= trustedFromMs,
      confirmInMs: Math.max(trustedFromMs - clock.monotonic(), 0),
    },
  }
}

/** A deletion ends on a list that was started after our own DELETE. */
function goneFromList({ startedAtMs }: RemoteListing, { lastMutationMs, deletingSinceMs }: Recollection): RemoteLookup {
  const confirmed = startedAtMs >= Math.max(lastMutationMs ?? 0, deletingSinceMs ?? 0)
  return { state: 'missing', confirmed, confirmInMs: 0 }
}

/** The list may lag and its pages may shift: an id is gone only after two reads by id, far enough apart, found nothing. */
async function lookUpById(
  id: string,
  { access, recollection }: Omit<Viewpoint, 'intent' | 'endpoint'>,
  ctx: Context,
): Promise<RemoteLookup> {
  const sinceMs = recollection.gone?.id === id ? recollection.gone.atMs : undefined
  const nowMs = ctx.clock.monotonic()
  const dueMs = sinceMs === undefined ? nowMs : sinceMs + ctx.config.confirmIntervalMs
  if (dueMs > nowMs) return { state: 'missing', confirmed: false, confirmInMs: dueMs - nowMs }
  try {
    const remote = await ctx.observer.get(access.fingerprint, access.service, id)
    if (remote !== undefined) return viewFound(remote, { access, recollection }, ctx)
  } catch (error) {
    return { state: 'failed', failure: failureOf(error) }
  }
  if (sinceMs !== undefined) return { state: 'missing', confirmed: true, confirmInMs: 0 }
  recollection.gone = { id, atMs: nowMs }
  return { state: 'missing', confirmed: false, confirmInMs: ctx.config.confirmIntervalMs }
}
