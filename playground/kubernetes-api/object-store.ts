import type { ApiObject } from './api-object.ts'

type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED'

export interface Change {
  type: ChangeType
  version: number
  storageKey: string
  /** After the change; for DELETED the last state, with the version of the deletion. */
  object: ApiObject
  /** Before the change; absent for ADDED. */
  previous?: ApiObject
}

type Listener = (change: Change) => void

/** How many changes a watch can be behind before it must list again. */
const historyLength = 10_000

/**
 * Objects by storage key (usually `plural.group`), namespace and name, with one version counter for all of them and a
 * window of past changes. Synchronous throughout: a read followed by a write in the same turn cannot race, which is
 * what optimistic locking above it relies on.
 */
export class ObjectStore {
  #version = 0
  #oldest = 0
  readonly #objects = new Map<string, Map<string, ApiObject>>()
  readonly #sortedKeys = new Map<string, string[]>()
  #history: Change[] = []
  readonly #listeners = new Set<Listener>()

  get version(): number {
    return this.#version
  }

  /** A watch may resume from this version or any later one. */
  get oldestResumable(): number {
    return this.#oldest
  }

  get(storageKey: string, namespace: string, name: string): ApiObject | undefined {
    return this.#objects.get(storageKey)?.get(keyOf(namespace, name))
  }

  /** Sorted by namespace and name, as a real server lists. An absent namespace means all of them. */
  list(storageKey: string, namespace?: string): ApiObject[] {
    const objects = this.#objects.get(storageKey)
    if (objects === undefined) return []
    let keys = this.#sortedKeys.get(storageKey)
    if (keys === undefined) {
      keys = [...objects.keys()].toSorted()
      this.#sortedKeys.set(storageKey, keys)
    }
    const wanted = namespace === undefined ? keys : keys.filter((key) => key.startsWith(`${namespace}/`))
    return wanted.flatMap((key) => objects.get(key) ?? [])
  }

  /** The list as it was at `version`, or undefined when history no longer reaches that far back. */
  listAt(storageKey: string, version: number, namespace?: string): ApiObject[] | undefined {
    if (version === this.#version) return this.list(storageKey, namespace)
    if (version < this.#oldest) return undefined
    const state = new Map(this.list(storageKey, namespace).map((object) => [keyOfObject(object), object]))
    for (const change of this.#changesSince(version).toReversed()) {
      if (change.storageKey !== storageKey) continue
      if (namespace !== undefined && (change.object.metadata.namespace ?? '') !== namespace) continue
      if (change.previous === undefined) state.delete(keyOfObject(change.object))
      else state.set(keyOfObject(change.object), change.previous)
    }
    return [...state.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object)
  }

  insert(storageKey: string, object: ApiObject): ApiObject {
    const stored = this.#stamp(object)
    this.#bucket(storageKey).set(keyOfObject(stored), stored)
    this.#sortedKeys.delete(storageKey)
    this.#record({ type: 'ADDED', version: this.#version, storageKey, object: stored })
    return stored
  }

  replace(storageKey: string, previous: ApiObject, object: ApiObject): ApiObject {
    const stored = this.#stamp(object)
    this.#bucket(storageKey).set(keyOfObject(stored), stored)
    this.#record({ type: 'MODIFIED', version: this.#version, storageKey, object: stored, previous })
    return stored
  }

  remove(storageKey: string, object: ApiObject): ApiObject {
    const last = this.#stamp(object)
    this.#bucket(storageKey).delete(keyOfObject(last))
    this.#sortedKeys.delete(storageKey)
    this.#record({ type: 'DELETED', version: this.#version, storageKey, object: last, previous: object })
    return last
  }

  /** Changes after `version`, oldest first, or undefined when some of them are no longer kept. */
  changesSince(storageKey: string, version: number): Change[] | undefined {
    if (version < this.#oldest) return undefined
    return this.#changesSince(version).filter((change) => change.storageKey === storageKey)
  }

  /** The listener runs inside the write: it must not throw and must not write. */
  subscribe(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Forgets all past changes: whoever resumes from an earlier version is told 410. */
  compact(): void {
    this.#oldest = this.#version
    this.#history = []
  }

  #changesSince(version: number): Change[] {
    const first = this.#history.findIndex((change) => change.version > version)
    return first === -1 ? [] : this.#history.slice(first)
  }

  #bucket(storageKey: string): Map<string, ApiObject> {
    let bucket = this.#objects.get(storageKey)
    if (bucket === undefined) {
      bucket = new Map()
      this.#objects.set(storageKey, bucket)
    }
    return bucket
  }

  #stamp(object: ApiObject): ApiObject {
    this.#version += 1
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
  }

  #record(change: Change): void {
    this.#history.push(change)
    // Trimmed in bulk: shifting one at a time would cost the length of the window per write.
    if (this.#history.length > 2 * historyLength) {
      this.#history = this.#history.slice(-historyLength)
      this.#oldest = (this.#history[0]?.version ?? this.#version + 1) - 1
    }
    for (const listener of this.#listeners) listener(change)
  }
}

export function keyOf(namespace: string, name: string): string {
  return `${namespace}/${name}`
}

function keyOfObject(object: ApiObject): string {
  return keyOf(object.metadata.namespace ?? '', object.metadata.name)
}
