import type { FuzzCase, FuzzWorld, Mutation } from './case.ts'

/** Draws mutations by their weights. */
export class FuzzSource {
  readonly #world: FuzzWorld
  readonly #drawn: { name: string; mutation: Mutation }[]

  constructor(world: FuzzWorld, mutations: readonly (readonly [name: string, weight: number, mutation: Mutation])[]) {
    this.#world = world
    this.#drawn = mutations.flatMap(([name, weight, mutation]) =>
      Array.from({ length: weight }, () => ({ name, mutation })),
    )
  }

  next(): FuzzCase {
    const { name, mutation } = this.#world.chance.pick(this.#drawn)
    return { name, ...mutation(this.#world) }
  }
}
