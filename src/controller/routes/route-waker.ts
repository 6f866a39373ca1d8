import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { installationAnnotation } from '../../api/names.ts'
import type { KubernetesObject, ObjectKey } from '../../kubernetes/client.ts'
import type { ControllerLoop } from '../../kubernetes/controller-loop.ts'
import type { ObjectChange } from '../../kubernetes/reflector.ts'
import type { ObjectStore } from '../../kubernetes/store.ts'
import type { AddOptions } from '../../kubernetes/workqueue.ts'
import { bySecret, byService, byUid } from '../facts/indices.ts'
import { isSameJson } from '../facts/same-json.ts'
import { conditionOf } from '../status/kubernetes-events.ts'
import type { GoneRoutes } from './reconcile-route.ts'
import { byWebhookRef, idOfRef, refOf } from './route-indices.ts'
import type { RouteMemories } from './route-memories.ts'

interface WakerDeps {
  routes: Pick<ObjectStore<GeminiRoute>, 'list' | 'byIndex'>
  memories: RouteMemories
  enqueue: ControllerLoop['enqueue']
  /** What this webhook and its routes tell of one another may have changed, beyond its bound also who has a place. */
  onTold: (webhook: ObjectKey) => void
}

/** What wakes a route: changes of its own, of its webhook, of its namespace, and of what its sinks use. */
export class RouteWaker implements GoneRoutes {
  readonly #deps: WakerDeps
  readonly #gone = new Map<string, readonly GeminiRoute[]>()

  constructor(deps: WakerDeps) {
    this.#deps = deps
  }

  onRoute(change: ObjectChange<GeminiRoute>): void {
    const { memories, enqueue, onTold } = this.#deps
    const { type, object } = change
    if (type === 'deleted') {
      memories.forget(object.metadata.uid)
      this.#gone.set(idOf(object), [...this.of(keyOf(object)), object])
      enqueue(keyOf(object))
      onTold(refOf(object))
      return
    }
    // Our own status write says nothing new: the pass that made it has decided when to look again.
    if (memories.sawOwnWrite(object)) return
    // Nor does that of another: two installations that tell different things of a route whose webhook is not there
    // would answer each other without end.
    if (type === 'updated' && change.previous.metadata.generation === object.metadata.generation) return
    enqueue(keyOf(object), { behind: type === 'added' && object.status !== undefined })
    onTold(refOf(object))
    if (type === 'updated') onTold(refOf(change.previous))
  }

  onWebhook(change: ObjectChange<GeminiWebhook>): void {
    const { object } = change
    const before = change.type === 'updated' ? change.previous : undefined
    if (before === undefined || !isSameJson(consentIn(before), consentIn(object))) return this.#wakeOf(keyOf(object))
    // Whether it is Ready is only told: of a thousand routes, each with a write, and so not as often as it changes.
    if (readinessOf(before) !== readinessOf(object)) this.#deps.onTold(keyOf(object))
  }

  onNamespace(change: ObjectChange<KubernetesObject>): void {
    const { object } = change
    const before = change.type === 'updated' ? change.previous.metadata.labels : undefined
    if (change.type === 'updated' && isSameJson(before ?? {}, object.metadata.labels ?? {})) return
    for (const route of this.#deps.routes.list(object.metadata.name)) {
      this.#deps.enqueue(keyOf(route))
      this.#deps.onTold(refOf(route))
    }
  }

  onSecret({ namespace, name }: ObjectKey): void {
    this.#enqueue(this.#deps.routes.byIndex(bySecret, `${namespace}/${name}`))
  }

  onService({ namespace, name }: ObjectKey): void {
    this.#enqueue(this.#deps.routes.byIndex(byService, `${namespace}/${name}`))
  }

  /** Wakes the routes with these uids; those that are not there are left out. */
  wake(uids: readonly string[], options?: AddOptions): void {
    for (const uid of uids) this.#enqueue(this.#deps.routes.byIndex(byUid, uid), options)
  }

  wakeAll(): void {
    this.#enqueue(this.#deps.routes.list())
  }

  of(key: ObjectKey): readonly GeminiRoute[] {
    return this.#gone.get(idOfRef(key)) ?? []
  }

  removed(key: ObjectKey, uid: string): void {
    const left = this.of(key).filter(({ metadata }) => metadata.uid !== uid)
    if (left.length > 0) this.#gone.set(idOfRef(key), left)
    else this.#gone.delete(idOfRef(key))
  }

  #wakeOf(webhook: ObjectKey): void {
    this.#enqueue(this.#deps.routes.byIndex(byWebhookRef, idOfRef(webhook)))
  }

  #enqueue(routes: readonly GeminiRoute[], options?: AddOptions): void {
    for (const route of routes) this.#deps.enqueue(keyOf(route), options)
  }
}

/** What of a webhook decides about its routes. */
function consentIn({ metadata, spec, status }: GeminiWebhook) {
  return {
    uid: metadata.uid,
    isDeleting: metadata.deletionTimestamp !== undefined,
    installation: [metadata.annotations?.[installationAnnotation], status?.installationID, status?.installationToken],
    allowedRoutes: spec.allowedRoutes,
    server: spec.endpoint?.url,
    // From here on the receivers may know it.
    isServed: status?.webhook?.id !== undefined || status?.endpoint?.dynamicSecretName !== undefined,
    // Where it is served, endpoints of its routes are served too.
    address: status?.endpoint?.url,
  }
}

function readinessOf({ status }: GeminiWebhook): string | undefined {
  return conditionOf(status, 'Ready')?.status
}

function idOf(route: GeminiRoute): string {
  return idOfRef(keyOf(route))
}

function keyOf({ metadata: { namespace, name } }: GeminiRoute | GeminiWebhook): ObjectKey {
  return { namespace, name }
}
