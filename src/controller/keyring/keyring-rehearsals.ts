import type { Clock } from '../../clock.ts'
import type { Changes } from './keyring-room.ts'

interface RehearsalOptions {
  clock: Clock
  /** The first rehearsal waits this long for others to join it, milliseconds. */
  batchMs: number
  /** Tries the changes of one keyring Secret without making them; throws what a write would. */
  tryOut: (name: string, changes: Changes) => Promise<void>
  /** How long a Secret rests after a try, milliseconds. */
  restMsOf: (name: string) => number
}

interface Waiting {
  value: string
  settle: (error?: unknown) => void
}

interface TryQueue {
  waiting: Map<string, Waiting[]>
  busy: boolean
}

/**
 * Whether the API server would take what is to be written to a keyring Secret. A try costs it almost as much as a
 * write. All rehearsals of one Secret that wait therefore share one try, and the Secret rests between tries as it does
 * between writes; no write ever waits for a try.
 */
export class KeyringRehearsals {
  readonly #options: RehearsalOptions
  readonly #queues = new Map<string, TryQueue>()

  constructor(options: RehearsalOptions) {
    this.#options = options
  }

  /** Resolves when a try that began after this call was taken; rejects with the reason of the refusal. */
  rehearse(name: string, uid: string, value: string): Promise<void> {
    const queue = this.#queues.get(name) ?? { waiting: new Map<string, Waiting[]>(), busy: false }
    this.#queues.set(name, queue)
    const tried = new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      queue.waiting.set(uid, [...(queue.waiting.get(uid) ?? []), { value, settle }])
    })
    if (!queue.busy) {
      queue.busy = true
      this.#options.clock.after(this.#options.batchMs, () => void this.#flush(name, queue))
    }
    return tried
  }

  async #flush(name: string, queue: TryQueue): Promise<void> {
    const batch = [...queue.waiting]
    queue.waiting = new Map()
    const changes = Object.fromEntries(batch.map(([uid, waiting]) => [uid, waiting.at(-1)?.value ?? null]))
    const outcome = await this.#options.tryOut(name, changes).then(
      () => undefined,
      (error: unknown) => error ?? new Error('keyring rehearsal failed'),
    )
    for (const [, waiting] of batch) for (const { settle } of waiting) settle(outcome)
    this.#options.clock.after(this.#options.restMsOf(name), () => {
      queue.busy = queue.waiting.size > 0
      if (queue.busy) void this.#flush(name, queue)
    })
  }
}
