import { Pool } from 'undici'

import { signedDelivery } from '../support/builders/signed-delivery.ts'

/** A sender waits for its answer: so many are under way at most. */
const senders = 8
/** Between two tries of one delivery, and while nobody listens. */
const pauseMs = 5

/**
 * Deliveries without end, each sent with the same id until it is answered 204, as the service does, to whoever listens
 * at the moment.
 */
export class SignedLoad {
  readonly acknowledged = new Set<string>()
  /** Answers other than 204, by status. */
  readonly refusals = new Map<number, number>()
  /** Tries that ended without an answer: the receiver was killed during them. */
  unanswered = 0
  readonly #path: string
  readonly #secret: string
  readonly #listeners: Pool[] = []
  readonly #stopping = new AbortController()
  readonly #aborting = new AbortController()
  readonly #ended: Promise<unknown>

  constructor({ path, secret }: { path: string; secret: string }) {
    this.#path = path
    this.#secret = secret
    this.#ended = Promise.all(Array.from({ length: senders }, (_, sender) => this.#send(sender)))
  }

  /** Sends to this port as well, until what is returned is called, which cuts its connections. */
  add(port: number): () => Promise<void> {
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: senders })
    this.#listeners.push(pool)
    return async () => {
      this.#listeners.splice(this.#listeners.indexOf(pool), 1)
      await pool.destroy()
    }
  }

  /** Stops at once, whatever is under way. */
  abort(): void {
    this.#aborting.abort()
    this.#stopping.abort()
  }

  /** Resolves once every delivery that was begun has been acknowledged; somebody must listen. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#ended
  }

  async #send(sender: number): Promise<void> {
    for (let n = 0; !this.#stopping.signal.aborted; n += 1) {
      const id = `msg_${sender}_${n}`
      for (let tries = 0; !(await this.#isAcknowledged(id, sender + n + tries)); tries += 1) {
        if (this.#aborting.signal.aborted) return
        await new Promise((resolve) => setTimeout(resolve, pauseMs))
      }
      this.acknowledged.add(id)
    }
  }

  async #isAcknowledged(id: string, turn: number): Promise<boolean> {
    const pool = this.#listeners[turn % this.#listeners.length]
    if (pool === undefined) return false
    const { headers, body } = signedDelivery({
      id,
      secret: this.#secret,
      type: 'batch.succeeded',
      dataId: id,
      atMs: Date.now(),
    })
    try {
      const answer = await pool.request({ method: 'POST', path: this.#path, headers, body })
      await answer.body.dump()
      if (answer.statusCode === 204) return true
      this.refusals.set(answer.statusCode, (this.refusals.get(answer.statusCode) ?? 0) + 1)
    } catch {
      this.unanswered += 1
    }
    return false
  }
}
