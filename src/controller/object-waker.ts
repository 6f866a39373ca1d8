import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { KubernetesObject, ObjectKey } from '../kubernetes/client.ts'
import type { ControllerLoop } from '../kubernetes/controller-loop.ts'
import type { Secret } from '../kubernetes/core-kinds.ts'
import type { ObjectChange } from '../kubernetes/reflector.ts'
import type { ObjectStore } from '../kubernetes/store.ts'
import type { AddOptions } from '../kubernetes/workqueue.ts'
import { byExternalId, bySecret, byService, byUid } from './facts/indices.ts'
import { isAwaited, isDeleting } from './facts/life-stage.ts'
import type { KeyringWriter } from './keyring/keyring-writer.ts'
import type { Memories } from './memory/memories.ts'
import type { SecretReader } from './observe/secret-reader.ts'

interface WakerDeps {
  webhooks: Pick<ObjectStore<GeminiWebhook>, 'list' | 'byIndex'>
  memories: Memories
  secrets: Pick<SecretReader, 'forget' | 'sawOwnWrite'>
  keyring: Pick<KeyringWriter, 'observe'>
  enqueue: ControllerLoop['enqueue']
}

/** What wakes an object: changes of its own, of what it uses, and of what others say about it. */
export class ObjectWaker {
  readonly #deps: WakerDeps

  constructor(deps: WakerDeps) {
    this.#deps = deps
  }

  onWebhook({ type, object }: ObjectChange<GeminiWebhook>): void {
    const { memories, enqueue } = this.#deps
    if (type === 'deleted') {
      memories.forget(object.metadata.uid)
      this.#wakeClaimants(object)
      return
    }
    // It may not act on what it claims any more.
    if (object.spec.suspend === true || isDeleting(object)) this.#wakeClaimants(object)
    // Our own status write says nothing new: the pass that made it has decided when to look again.
    if (memories.of(object).sawOwnWrite(object)) return
    enqueue(keyOf(object), { behind: type === 'added' && !isAwaited(object) })
  }

  onSecret({ type, object }: ObjectChange<KubernetesObject>): void {
    const { webhooks, secrets } = this.#deps
    const { namespace = '', name } = object.metadata
    if (type === 'deleted') secrets.forget({ namespace, name })
    const concerned = webhooks.byIndex(bySecret, `${namespace}/${name}`)
    // The pass that wrote it has decided when to look again; others that name it have not.
    if (type !== 'deleted' && secrets.sawOwnWrite(object) && concerned.length <= 1) return
    // Deleted: restoring a Secret with which jobs verify comes before everything else.
    this.#enqueue(concerned, { urgent: type === 'deleted' })
  }

  /** Returns the uids whose entries changed, those of routes among them. */
  onKeyring({ type, object }: ObjectChange<Secret>): readonly string[] {
    const changed = this.#deps.keyring.observe(object.metadata.name, type === 'deleted' ? undefined : object)
    // Without its entry a receiver refuses genuine deliveries.
    this.wake(changed, { urgent: true })
    return changed
  }

  onService({ namespace, name }: ObjectKey): void {
    this.#enqueue(this.#deps.webhooks.byIndex(byService, `${namespace}/${name}`))
  }

  /** Wakes the objects with these uids; those that are not there are left out. */
  wake(uids: readonly string[], options?: AddOptions): void {
    for (const uid of uids) this.#enqueue(this.#deps.webhooks.byIndex(byUid, uid), options)
  }

  wakeAll(): void {
    this.#enqueue(this.#deps.webhooks.list())
  }

  /** The next in line for a webhook need not wait for its resync. */
  #wakeClaimants({ metadata, spec, status }: GeminiWebhook): void {
    const { webhooks, memories } = this.#deps
    const named = `${metadata.namespace}/${metadata.name}`
    const ids = new Set([spec.externalID, status?.webhook?.id])
    for (const id of ids) {
      const naming = id === undefined ? [] : webhooks.byIndex(byExternalId, id)
      this.#enqueue(naming.filter((webhook) => memories.yieldsTo(webhook.metadata.uid) === named))
    }
  }

  #enqueue(webhooks: readonly GeminiWebhook[], options?: AddOptions): void {
    for (const webhook of webhooks) this.#deps.enqueue(keyOf(webhook), options)
  }
}

function keyOf({ metadata }: GeminiWebhook): ObjectKey {
  return { namespace: metadata.namespace, name: metadata.name }
}
