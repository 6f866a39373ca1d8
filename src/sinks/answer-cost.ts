/** More than any answer that is kept within its room costs; a few of them a second would block the serving thread. */
const maxProcessorMs = 50

/** What an answer cost beyond what answers may. */
export type AnswerBurden = 'endlessHead' | 'processorTime'

/**
 * Processor time of this thread, from an arbitrary start, in milliseconds. Unlike a clock's time it does not pass while
 * others have the processor.
 */
export function threadProcessorMs(): number {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

/** What the answers to one attempt have cost. */
export class AnswerCost {
  readonly #processorMs: () => number
  #spentMs = 0
  #isHeadEndless = false

  constructor(processorMs: () => number) {
    this.#processorMs = processorMs
  }

  get spentMs(): number {
    return this.#spentMs
  }

  get burden(): AnswerBurden | undefined {
    if (this.#isHeadEndless) return 'endlessHead'
    return this.#spentMs > maxProcessorMs ? 'processorTime' : undefined
  }

  noteEndlessHead(): void {
    this.#isHeadEndless = true
  }

  /** Does something with a part of the answer, and counts how long. */
  measure<T>(work: () => T): T {
    const startedMs = this.#processorMs()
    try {
      return work()
    } finally {
      this.#spentMs += this.#processorMs() - startedMs
    }
  }
}
