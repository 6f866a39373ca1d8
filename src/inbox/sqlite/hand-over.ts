import type { Clock } from '../../clock.ts'
import type { FirstLeases, NewEvent } from '../port.ts'
import { AppendLine } from './append-line.ts'
import type { ByteWriter } from './byte-codec.ts'
import { Gathering, type Waiters, type Waiting } from './gathering.ts'
import type { QuotaTeller } from './told-quotas.ts'
import type { Call, CallResult, ItemAnswer, ToWorker } from './worker-protocol.ts'

/** How long a record that may wait does at least; where appends wait for others, as long as these. */
const leastPatienceMs = 3
/** So many appends wait for no others. */
const enoughAppends = 8

interface HandOverDeps {
  clock: Clock
  quotas: QuotaTeller
  /** Between two batches of appends, in milliseconds, where these are few. */
  appendIntervalMs: number
  post: (message: ToWorker, transfer?: ArrayBuffer[]) => void
}

/**
 * Gathers what arrives while the last commit runs and hands it over to the thread. Appends are a batch of their own,
 * because it alone waits for the disk, filled in turns of their namespaces up to a bound; records, claims and questions
 * go before it, so that what is on its way to a sink never waits for what is only arriving. Records that nobody waits
 * for share the next batch of either kind. A few appends wait for more until an interval has passed since the batch
 * before, because what a batch costs hardly depends on how many are in it.
 */
export class HandOver {
  readonly #deps: HandOverDeps
  readonly #appends: AppendLine
  readonly #others = new Gathering()
  /** Handed over and not answered yet, in the order of their answers. */
  readonly #underWay: Waiters[] = []
  /** When what is under way was handed over, or the answer before came. */
  #underWaySinceMs = 0
  #isSendPlanned = false
  #isClosing = false
  #cancelPatience: (() => void) | undefined
  /** When appends were handed over last. */
  #appendedMs = -Infinity
  #cancelInterval: (() => void) | undefined

  constructor(deps: HandOverDeps) {
    this.#deps = deps
    this.#appends = new AppendLine(deps.quotas.quotas)
  }

  /** How long the thread has owed an answer, in milliseconds; 0 while it owes none. */
  get owedMs(): number {
    return this.#underWay.length > 0 ? this.#deps.clock.monotonic() - this.#underWaySinceMs : 0
  }

  /** False: its owner has so much waiting that no more is taken of it. */
  append(event: NewEvent, waiting: Waiting<ItemAnswer>, leases?: FirstLeases): boolean {
    const isTaken = this.#appends.add(event, waiting, leases)
    this.#sendSoon()
    return isTaken
  }

  /** `soon`: it may wait some milliseconds for other writes. */
  record(pack: (writer: ByteWriter) => void, waiting: Waiting<ItemAnswer>, when: 'now' | 'soon'): void {
    this.#others.addItem(pack, waiting, when)
    if (this.#others.isUrgent) this.#sendSoon()
    else this.#waitForOthers()
  }

  call(call: Call, waiting: Waiting<CallResult>): void {
    this.#others.addCall(call, waiting)
    this.#sendSoon()
  }

  /** Who waited for the batch that was answered now. */
  answered(): Waiters | undefined {
    const batch = this.#underWay.shift()
    this.#underWaySinceMs = this.#deps.clock.monotonic()
    return batch
  }

  /** Hands over what may go, now that nothing is under way. */
  goOn(): void {
    if (this.#underWay.length > 0) return
    this.#underWaySinceMs = this.#deps.clock.monotonic()
    if (this.#isClosing) this.#others.hurry()
    if (this.#others.isUrgent) this.#hand()
    this.#moveAppends()
    if (this.#others.isUrgent) this.#hand()
    if (this.#underWay.length === 0 && this.#isClosing) this.#deps.post({ type: 'close' })
  }

  /** After all that has arrived the thread is told to end. */
  close(): void {
    this.#isClosing = true
    this.goOn()
  }

  /** All who wait for anything; nothing is handed over any more. */
  abandon(): Waiters[] {
    this.#cancelPatience?.()
    this.#cancelInterval?.()
    while (this.#appends.size > 0) this.#appends.moveTo(this.#others)
    return [...this.#underWay.splice(0), this.#others.take(0).waiters]
  }

  /** At the end of this turn of the event loop, so that all requests that it read share the first commit too. */
  #sendSoon(): void {
    if (this.#underWay.length > 0 || this.#isSendPlanned) return
    this.#isSendPlanned = true
    setImmediate(() => {
      this.#isSendPlanned = false
      this.goOn()
    })
  }

  /** All that there is may wait for another write; not for ever, where none comes. */
  #waitForOthers(): void {
    this.#cancelPatience ??= this.#deps.clock.after(Math.max(leastPatienceMs, this.#deps.appendIntervalMs), () => {
      this.#cancelPatience = undefined
      this.#others.hurry()
      this.goOn()
    })
  }

  /** Into the next batch, if it is time for one. */
  #moveAppends(): void {
    const { size } = this.#appends
    if (size === 0) return
    const { clock, appendIntervalMs } = this.#deps
    const nowMs = clock.monotonic()
    const leftMs = this.#appendedMs + appendIntervalMs - nowMs
    if (leftMs > 0 && size < enoughAppends && !this.#isClosing) return this.#goOnIn(leftMs)
    this.#appendedMs = nowMs
    this.#appends.moveTo(this.#others)
  }

  #goOnIn(delayMs: number): void {
    this.#cancelInterval ??= this.#deps.clock.after(Math.ceil(delayMs), () => {
      this.#cancelInterval = undefined
      this.goOn()
    })
  }

  #hand(): void {
    this.#cancelPatience?.()
    this.#cancelPatience = undefined
    const { message, transfer, waiters } = this.#others.take(this.#deps.clock.now())
    this.#underWay.push(waiters)
    this.#deps.post({ ...message, quotas: this.#deps.quotas.take() }, transfer)
  }
}
