import type { KubernetesObject, ObjectKey } from './client.ts'

/** The reading side of a reflector's cache. Objects are shared with every other reader: never edit them. */
export interface ObjectStore<T> {
  get(key: ObjectKey): T | undefined
  /** All objects, or those of one namespace (empty for cluster-scoped kinds). */
  list(namespace?: string): T[]
  /** The objects whose index function gave this value. Throws on an index that was never declared: that is a typo. */
  byIndex(index: string, value: string): T[]
  readonly size: number
}

export type IndexFunctions<T> = Readonly<Record<string, (object: T) => string[]>>

export function keyOf(object: KubernetesObject): ObjectKey {
  return { namespace: object.metadata.namespace ?? '', name: object.metadata.name }
}

/** In-memory objects by namespace and name, with inverted indexes kept in step. */
export class IndexedStore<T extends KubernetesObject> implements ObjectStore<T> {
  readonly #byNamespace = new Map<string, Map<string, T>>()
  readonly #functions: IndexFunctions<T>
  readonly #indexes = new Map<string, Map<string, Set<T>>>()
  #size = 0

  constructor(functions: IndexFunctions<T> = {}) {
    this.#functions = functions
    for (const index of Object.keys(functions)) this.#indexes.set(index, new Map())
  }

  get size(): number {
    return this.#size
  }

  get({ namespace, name }: ObjectKey): T | undefined {
    return this.#byNamespace.get(namespace)?.get(name)
  }

  list(namespace?: string): T[] {
    if (namespace !== undefined) return [...(this.#byNamespace.get(namespace)?.values() ?? [])]
    return this.#byNamespace
      .values()
      .flatMap((objects) => objects.values())
      .toArray()
  }

  byIndex(index: string, value: string): T[] {
    const values = this.#indexes.get(index)
    if (values === undefined) {
      throw new RangeError(
        `store has no index "${index}"; declared: ${[...this.#indexes.keys()].join(', ') || 'none'}. Declare it in the reflector's \`indexes\`.`,
      )
    }
    return [...(values.get(value) ?? [])]
  }

  /** Adds or replaces; returns what was there before. */
  put(object: T): T | undefined {
    const key = keyOf(object)
    const previous = this.remove(key)
    let objects = this.#byNamespace.get(key.namespace)
    if (objects === undefined) this.#byNamespace.set(key.namespace, (objects = new Map<string, T>()))
    objects.set(key.name, object)
    this.#size += 1
    this.#eachIndexEntry(object, (values, value) => {
      const found = values.get(value)
      if (found === undefined) values.set(value, new Set([object]))
      else found.add(object)
    })
    return previous
  }

  /** Returns what was removed; undefined when there was nothing. */
  remove({ namespace, name }: ObjectKey): T | undefined {
    const objects = this.#byNamespace.get(namespace)
    const object = objects?.get(name)
    if (objects === undefined || object === undefined) return undefined
    objects.delete(name)
    if (objects.size === 0) this.#byNamespace.delete(namespace)
    this.#size -= 1
    this.#eachIndexEntry(object, (values, value) => {
      const found = values.get(value)
      found?.delete(object)
      if (found?.size === 0) values.delete(value)
    })
    return object
  }

  #eachIndexEntry(object: T, visit: (values: Map<string, Set<T>>, value: string) => void): void {
    for (const [index, values] of this.#indexes) {
      for (const value of this.#functions[index]?.(object) ?? []) visit(values, value)
    }
  }
}
