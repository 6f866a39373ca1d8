/**
 * Members in the order of their turns: the one that has least comes first, among equals the one that came first. Each
 * step costs as much as there are different loads, which are few where loads are counts under one bound: 256 attempts
 * make no more than 22 different ones.
 */
export class FewestFirst<Member> {
  readonly #byLoad = new Map<number, Set<Member>>()
  readonly #loads = new Map<Member, number>()

  get size(): number {
    return this.#loads.size
  }

  /** Adds it, or moves it where its load has changed: behind those that have as much. */
  put(member: Member, load: number): void {
    if (this.#loads.get(member) === load) return
    this.delete(member)
    this.#loads.set(member, load)
    const equals = this.#byLoad.get(load)
    if (equals === undefined) this.#byLoad.set(load, new Set([member]))
    else equals.add(member)
  }

  delete(member: Member): void {
    const load = this.#loads.get(member)
    if (load === undefined) return
    this.#loads.delete(member)
    const equals = this.#byLoad.get(load)
    equals?.delete(member)
    if (equals?.size === 0) this.#byLoad.delete(load)
  }

  /** Changed only between two walks. */
  *inOrder(): Generator<Member> {
    for (const load of [...this.#byLoad.keys()].toSorted((a, b) => a - b)) yield* this.#byLoad.get(load) ?? []
  }
}
