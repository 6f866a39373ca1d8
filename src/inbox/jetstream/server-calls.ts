import { InboxUnavailableError } from '../port.ts'

/**
 * What every call to the server has in common: while there is no connection calls fail at once, and those that wait for
 * an answer fail when it is lost. What would wait for the connection is lost when it comes back.
 */
export class ServerCalls {
  readonly #stream: string
  #isConnected = true
  /** Of the calls that wait for an answer. */
  readonly #giveUp = new Set<(error: Error) => void>()

  constructor(stream: string) {
    this.#stream = stream
  }

  get isConnected(): boolean {
    return this.#isConnected
  }

  noteConnection(isConnected: boolean): void {
    this.#isConnected = isConnected
    if (isConnected) return
    for (const giveUp of this.#giveUp) giveUp(new Error('the connection was lost before the answer came'))
  }

  async answer<T>(call: () => Promise<T>): Promise<T> {
    if (!this.#isConnected) throw new Error('there is no connection to the server')
    const { promise: lost, reject } = Promise.withResolvers<never>()
    this.#giveUp.add(reject)
    try {
      return await Promise.race([call(), lost])
    } finally {
      this.#giveUp.delete(reject)
    }
  }

  unavailable(what: 'write' | 'read' | 'delete' | 'look', error: unknown): InboxUnavailableError {
    const why = error instanceof Error ? error.message : String(error)
    return new InboxUnavailableError(`inbox: stream ${this.#stream}, ${what}: ${why}`, { cause: error })
  }
}
