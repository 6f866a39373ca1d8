/**
 * Counts the body bytes that the process holds, whoever sent them, from the first byte read until the event is stored or refused. Only what has really
 * arrived is counted: reserving the announced length would let a few idle connections use up the budget for nothing.
 */
export class BodyBudget {
  readonly #maxBytes: number
  #heldBytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** False, and nothing is counted, when the bytes do not fit. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#maxBytes) return false
    this.#heldBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#heldBytes -= bytes
  }
}
