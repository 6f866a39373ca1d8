import type { Clock } from '../../clock.ts'
import type { FirstLeases, NewEvent } from '../port.ts'
import { AppendLine } from './append-line.ts'
import type { ByteWriter } from './byte-codec.ts'
import { Gathering, type Waiters, type Waiting } from './gathering.ts'
import type { QuotaTeller } from './told-quotas.ts'
import type { Call, CallResult, ItemAnswer, ToWorker } from './worker-protocol.ts'

/** How long a record that may wait does. */
const patienceMs = 3

interface HandOverDeps {
  clock: Clock
  quotas: QuotaTeller
  post: (message: ToWorker, transfer?: ArrayBuffer[]) => void
}

/**
 * Gathers what arrives while the last commit runs and hands it over to the thread. Appends are a batch of their own,
 * because it alone waits for the disk, filled in turns of their namespaces up to a bound; records, claims and questions
 * go before it, so that what is on its way to a sink never waits for what is only arriving. Records that nobody waits
 * for share the next batch of either kind.
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
    this.#appends.moveTo(this.#others)
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
    while (!this.#appends.isEmpty) this.#appends.moveTo(this.#others)
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
    this.#cancelPatience ??= this.#deps.clock.after(patienceMs, () => {
      this.#cancelPatience = undefined
      this.#others.hurry()
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
