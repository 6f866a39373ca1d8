import type { StreamStore } from './stream-store.ts'

const maxAtOnce = 32

/**
 * Messages that are not needed any longer, deleted in the background. What cannot be deleted now stays for the next
 * `retry`.
 */
export class DeletionQueue {
  readonly #store: Pick<StreamStore, 'delete'>
  readonly #waiting: number[] = []
  readonly #running = new Set<Promise<void>>()
  #isPaused = false

  constructor(store: Pick<StreamStore, 'delete'>) {
    this.#store = store
  }

  get length(): number {
    return this.#waiting.length + this.#running.size
  }

  add(sequences: readonly number[]): void {
    for (const seq of sequences) this.#waiting.push(seq)
    this.#startWhatMay()
  }

  /** Tries again what failed. */
  retry(): void {
    this.#isPaused = false
    this.#startWhatMay()
  }

  /** Ends what is under way; what waits stays in the stream until a later start finds it there. */
  async stop(): Promise<void> {
    this.#isPaused = true
    await Promise.all(this.#running)
  }

  #startWhatMay(): void {
    while (!this.#isPaused && this.#running.size < maxAtOnce) {
      const seq = this.#waiting.shift()
      if (seq === undefined) return
      const deletion = this.#delete(seq).finally(() => {
        this.#running.delete(deletion)
        this.#startWhatMay()
      })
      this.#running.add(deletion)
    }
  }

  async #delete(seq: number): Promise<void> {
    try {
      await this.#store.delete(seq)
    } catch {
      // The server is away: what failed is told by those who wait for an answer. Nothing depends on this message.
      this.#waiting.push(seq)
      this.#isPaused = true
    }
  }
}
