import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { KeyringEntry, RouteEntry } from '../contract/keyring/entry.ts'
import type { WorkingConfig } from './config.ts'
import { viewEndpoint } from './facts/endpoint-view.ts'
import { byUid } from './facts/indices.ts'
import type { KeyringWriter } from './keyring/keyring-writer.ts'
import type { Memories } from './memory/memories.ts'
import type { RemoteObserver } from './observe/remote-observer.ts'
import type { SharedProjects } from './observe/shared-projects.ts'
import type { UnmanagedWebhooks } from './observe/unmanaged-webhooks.ts'
import type { WebhookServicePool } from './observe/webhook-service-pool.ts'
import type { ReportKeeper } from './reports/report-keeper.ts'
import type { createReflectors } from './reflectors.ts'

interface SweepDeps {
  config: WorkingConfig
  webhooks: Pick<ReturnType<typeof createReflectors>['webhooks'], 'store' | 'hasSynced'>
  memories: Memories
  pool: Pick<WebhookServicePool, 'prune'>
  observer: Pick<RemoteObserver, 'prune'>
  projects: Pick<SharedProjects, 'prune'>
  unmanaged: Pick<UnmanagedWebhooks, 'prune'>
  keyring: Pick<KeyringWriter, 'prune' | 'entryOf'>
  reports: Pick<ReportKeeper, 'look' | 'prune'>
  /** Whether a route of this uid is there, or may be there unseen. */
  mayBeRoute: (entry: { uid: string; namespace: string }) => boolean
  /** Whether another installation serves the object. */
  isLeft: (webhook: GeminiWebhook) => boolean
}

/** Removes what no object uses any more: reports, API keys, and entries of the keyring. */
export async function sweep(deps: SweepDeps): Promise<void> {
  const { keyring, reports } = deps
  await reports.look()
  await reports.prune()
  forgetKeys(deps)
  await keyring.prune((uid) => {
    const entry = keyring.entryOf(uid)
    // What cannot be read may be of either.
    if (entry === undefined) return isWebhookInUse(uid, deps) || deps.mayBeRoute({ uid, namespace: '' })
    return entry.route === undefined ? isWebhookInUse(uid, deps) : isRouteInUse({ ...entry, route: entry.route }, deps)
  })
}

/** Only with a full view of the objects: a partial one would remove entries of objects that exist. */
function isWebhookInUse(uid: string, deps: SweepDeps): boolean {
  const { config, webhooks } = deps
  if (!webhooks.hasSynced() || config.watchNamespaces.length > 0) return true
  return webhooks.store.byIndex(byUid, uid).some((webhook) => !isMovedAway(webhook, deps))
}

/** A route goes where its webhook goes. */
function isRouteInUse({ uid, namespace, route }: RouteOfEntry, deps: SweepDeps): boolean {
  const { webhooks, mayBeRoute } = deps
  const moved = webhooks.store.byIndex(byUid, route.webhookUid).some((webhook) => isMovedAway(webhook, deps))
  return !moved && mayBeRoute({ uid, namespace })
}

type RouteOfEntry = Pick<KeyringEntry, 'uid' | 'namespace'> & { route: RouteEntry }

/** Drops the API keys that no object uses; one that a pass under way works with is in use. */
export function forgetKeys({
  webhooks,
  memories,
  pool,
  observer,
  projects,
  unmanaged,
}: Pick<SweepDeps, 'webhooks' | 'memories' | 'pool' | 'observer' | 'projects' | 'unmanaged'>): void {
  // A key that only status still names is needed too: to delete in the project that an object has left.
  const named = webhooks.store.list().flatMap(({ status }) => status?.webhook?.keyFingerprint ?? [])
  const inUse = new Set([...memories.fingerprintsInUse(), ...named])
  pool.prune(inUse)
  observer.prune(inUse)
  projects.prune(inUse)
  unmanaged.prune(inUse)
}

/** Another installation serves it under an address of its own: the entry that our receivers have is obsolete. */
function isMovedAway(webhook: GeminiWebhook, { config, isLeft }: SweepDeps): boolean {
  const endpoint = viewEndpoint(webhook, config)
  return isLeft(webhook) && endpoint.state === 'ours' && endpoint.url !== webhook.status?.webhook?.uri
}
