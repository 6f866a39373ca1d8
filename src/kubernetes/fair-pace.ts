import type { Clock } from '../clock.ts'
import { TokenBucket, type BucketRate } from './token-bucket.ts'
import { TurnQueue } from './turn-queue.ts'

/** What one namespace may call before it counts as one that calls much: this part of the whole pace. */
const smallShare = { ofRate: 0.1, ofBurst: 0.2 }
/** Namespaces whose calls are counted; the longest untouched is forgotten first. */
const maxCounted = 4_096

/**
 * The pace of calls: namespaces take turns, and those that call little come first: objects of one that cause many calls
 * delay each call of another by the time of one call.
 */
export class FairPace {
  readonly #clock: Clock
  readonly #rate: BucketRate
  readonly #bucket: TokenBucket
  readonly #small = new Map<string, TokenBucket>()
  readonly #first = new TurnQueue<() => void>(Infinity)
  readonly #others = new TurnQueue<() => void>(Infinity)
  #cancelTimer: (() => void) | undefined

  constructor(rate: BucketRate, clock: Clock) {
    this.#clock = clock
    this.#rate = rate
    this.#bucket = new TokenBucket(rate, clock)
  }

  /** Resolves when the call may be made; rejects with the reason of `signal` if that aborts first. */
  async take(namespace: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#waiting === 0 && this.#bucket.tryTake()) return
    const queue = this.#smallShareOf(namespace).tryTake() ? this.#first : this.#others
    await new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        queue.remove(namespace, go)
        reject(signal.reason as Error)
      }
      const go = () => {
        signal.removeEventListener('abort', giveUp)
        resolve()
      }
      signal.addEventListener('abort', giveUp, { once: true })
      queue.push(namespace, go)
      this.#serve()
    })
  }

  get #waiting(): number {
    return this.#first.length + this.#others.length
  }

  #serve(): void {
    this.#cancelTimer?.()
    this.#cancelTimer = undefined
    while (this.#waiting > 0 && this.#bucket.tryTake()) (this.#first.shift() ?? this.#others.shift())?.()
    if (this.#waiting > 0) this.#cancelTimer = this.#clock.after(this.#bucket.nextInMs(), () => this.#serve())
  }

  /** Full again after a quiet time, so that one that is forgotten has lost nothing. */
  #smallShareOf(namespace: string): TokenBucket {
    const { ratePerSecond, burst } = this.#rate
    const rate = { ratePerSecond: ratePerSecond * smallShare.ofRate, burst: Math.max(1, burst * smallShare.ofBurst) }
    const share = this.#small.get(namespace) ?? new TokenBucket(rate, this.#clock)
    this.#small.delete(namespace)
    this.#small.set(namespace, share)
    const [longestUntouched] = this.#small.keys()
    if (this.#small.size > maxCounted && longestUntouched !== undefined) this.#small.delete(longestUntouched)
    return share
  }
}
