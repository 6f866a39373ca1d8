import type { Clock } from '../../clock.ts'
import type { Changes } from './keyring-room.ts'

interface RehearsalOptions {
  clock: Clock
  /** The first waits this long for company, milliseconds. */
  batchMs: number
  /** Tries the changes of one keyring Secret without making them; throws what a write would. */
  tryOut: (name: string, changes: Changes) => Promise<void>
  /** How long a Secret is left alone after a try, milliseconds. */
  restMsOf: (name: string) => number
}

interface Waiting {
  value: string
  settle: (error?: unknown) => void
}

interface Lane {
  waiting: Map<string, Waiting[]>
  busy: boolean
}

/**
 * Whether the API server would take what is to be written to a keyring Secret. A try costs it almost as much as a
 * write, so whoever asks about the same Secret shares one, and it rests in between as it does between writes; but no
 * write ever waits for a try.
 */
export class KeyringRehearsals {
  readonly #options: RehearsalOptions
  readonly #lanes = new Map<string, Lane>()

  constructor(options: RehearsalOptions) {
    this.#options = options
  }

  /** Resolves when a try that began after this call was taken; rejects with what was said against it. */
  rehearse(name: string, uid: string, value: string): Promise<void> {
    const lane = this.#lanes.get(name) ?? { waiting: new Map<string, Waiting[]>(), busy: false }
    this.#lanes.set(name, lane)
    const tried = new Promise<void>((resolve, reject) => {
      const settle = (error?: unknown) => (error === undefined ? resolve() : reject(error))
      lane.waiting.set(uid, [...(lane.waiting.get(uid) ?? []), { value, settle }])
    })
    if (!lane.busy) {
      lane.busy = true
      this.#options.clock.after(this.#options.batchMs, () => void this.#flush(name, lane))
    }
    return tried
  }

  async #flush(name: string, lane: Lane): Promise<void> {
    const batch = [...lane.waiting]
    lane.waiting = new Map()
    const changes = Object.fromEntries(batch.map(([uid, waiting]) => [uid, waiting.at(-1)?.value ?? null]))
    const outcome = await this.#options.tryOut(name, changes).then(
      () => undefined,
      (error: unknown) => error ?? new Error('keyring rehearsal failed'),
    )
    for (const [, waiting] of batch) for (const { settle } of waiting) settle(outcome)
    this.#options.clock.after(this.#options.restMsOf(name), () => {
      lane.busy = lane.waiting.size > 0
      if (lane.busy) void this.#flush(name, lane)
    })
  }
}
