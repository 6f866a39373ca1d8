import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import type { WorkingConfig } from '../config.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { InstallationView } from '../facts/observed.ts'
import { ownerOfObject } from '../installation/object-owner.ts'
import type { KeyringWriter } from '../keyring/keyring-writer.ts'
import {
  judgePermission,
  maxRoutesOfWebhook,
  placesBefore,
  type ConsentView,
  type NamespaceLabels,
  type Permission,
  type WebhookService,
} from './consent.ts'
import { byWebhookRef, idOfRef, refOf } from './route-indices.ts'

/** What consent is judged from, as the caches show it. */
export interface ConsentSources {
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'get'>
  /** Whether those of this namespace were ever listed: the right to may be missing. */
  areWebhooksRead: (namespace: string) => boolean
  routes: Pick<ObjectStore<GeminiRoute>, 'byIndex'>
  /** Undefined: with roles in single namespaces they are not watched. */
  namespaces: Pick<ObjectStore<KubernetesObject>, 'get'> | undefined
  keyring: Pick<KeyringWriter, 'entryOf'>
  installation: () => InstallationView
  config: Pick<WorkingConfig, 'watchNamespaces'>
}

/** What a route's consent hangs on. Waits for nothing and changes nothing. */
export function viewConsent(route: GeminiRoute, sources: ConsentSources): ConsentView {
  const ref = refOf(route)
  const { watchNamespaces } = sources.config
  const isNamespaceWatched = watchNamespaces.length === 0 || watchNamespaces.includes(ref.namespace)
  const areWebhooksRead = sources.areWebhooksRead(ref.namespace)
  const webhook = sources.webhooks.get(ref)
  if (webhook === undefined) {
    return { webhook: undefined, asksUnwatchedLabels: false, isNamespaceWatched, areWebhooksRead }
  }
  const permission = permissionOf(route, webhook, sources)
  return {
    webhook: {
      permission,
      isWithinBound: permission === 'no' || isWithinBound(route, webhook, sources),
      service: viewService(webhook, sources),
    },
    asksUnwatchedLabels:
      sources.namespaces === undefined && webhook.spec.allowedRoutes?.namespaces?.from === 'Selector',
    isNamespaceWatched,
    areWebhooksRead,
  }
}

export function permissionOf(
  { metadata: { namespace } }: GeminiRoute,
  { metadata, spec }: GeminiWebhook,
  { namespaces }: Pick<ConsentSources, 'namespaces'>,
): Permission {
  const owner = { namespace: metadata.namespace, allowedRoutes: spec.allowedRoutes }
  return judgePermission({ namespace, labels: labelsOf(namespace, namespaces) }, owner)
}

function labelsOf(name: string, namespaces: ConsentSources['namespaces']): NamespaceLabels {
  if (namespaces === undefined) return { state: 'unwatched' }
  const found = namespaces.get({ namespace: '', name })
  return found === undefined ? { state: 'unread' } : { state: 'known', labels: found.metadata.labels ?? {} }
}

/** One of which nothing is known counts as allowed: the place of an older route is not given away and taken back. */
function isWithinBound(route: GeminiRoute, webhook: GeminiWebhook, sources: ConsentSources): boolean {
  const rivals = sources.routes.byIndex(byWebhookRef, idOfRef(keyOfWebhook(webhook)))
  if (rivals.length <= maxRoutesOfWebhook) return true
  const allowed = rivals.filter((rival) => permissionOf(rival, webhook, sources) !== 'no')
  return placesBefore(route.metadata, allowed) < maxRoutesOfWebhook
}

function keyOfWebhook({ metadata: { namespace, name } }: GeminiWebhook): ObjectKey {
  return { namespace, name }
}

function viewService(webhook: GeminiWebhook, sources: ConsentSources): WebhookService {
  const owner = ownerOfObject(webhook, sources).type
  if (owner === 'another') return { state: 'elsewhere', message: 'another installation serves the webhook' }
  if (isDeleting(webhook)) return { state: 'notServed', message: 'the webhook is being deleted' }
  if (webhook.spec.endpoint?.url !== undefined) {
    const message =
      'the webhook delivers to a server of its own, so that no receiver sees its events: create the route anew with another one'
    return { state: 'notServed', message }
  }
  const message = 'the webhook is not served yet: its own conditions say why'
  if (sources.keyring.entryOf(webhook.metadata.uid) !== undefined) return { state: 'served' }
  // Nobody has claimed it, and another installation may be the one that will; an unconfirmed one begins nothing.
  const isOurs = owner === 'ours' && sources.installation().state === 'confirmed'
  return { state: isOurs ? 'coming' : 'notServed', message }
}
