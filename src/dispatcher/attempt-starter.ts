import type { Clock } from '../clock.ts'
import type { ResolveSink } from './before-send.ts'
import type { ClaimLoop } from './claim-loop.ts'
import { handleDelivery, type HandleDeps } from './handle-delivery.ts'
import type { LaneBoard, StartedDelivery } from './lane-board.ts'
import type { GiveBack, LaneReactions } from './lane-reactions.ts'
import type { Lane, WaitingDelivery } from './lane.ts'
import { boundsOf } from './lane-bounds.ts'

interface AttemptStarterDeps {
  clock: Clock
  board: LaneBoard
  resolveSink: ResolveSink
  handleDeps: HandleDeps
  reactions: LaneReactions
  loop: Pick<ClaimLoop, 'noteRoom' | 'ring'>
  /** Aborts when nothing more may be begun. */
  stopping: AbortSignal
  /** Aborts when the process must end now. */
  cutOff: AbortSignal
  track: (work: Promise<void>) => void
  giveBack: GiveBack
}

/**
 * Deliveries, and bytes of their bodies, that are begun at once: they hold up this thread, whose requests wait for it.
 */
const maxAtOnce = 64
const maxBytesAtOnce = 2 ** 20

/** Takes over what was claimed, and begins it when it is its turn. */
export class AttemptStarter {
  readonly #deps: AttemptStarterDeps
  #isPlanned = false
  /** Ends the wait for the rate of a sink; undefined while nothing at hand waits for one. */
  #cancelWait: (() => void) | undefined

  constructor(deps: AttemptStarterDeps) {
    this.#deps = deps
  }

  /** Claimed deliveries wait for their turn from now on; once the process ends they are given back. */
  take(claimed: readonly WaitingDelivery[]): void {
    const { stopping, giveBack, clock } = this.#deps
    if (stopping.aborted) return giveBack(claimed, clock.now())
    for (const one of claimed) this.#enqueue(one)
  }

  /** With the next turn of the event loop: senders have their answers before their events are sent. */
  startSoon(): void {
    if (this.#isPlanned) return
    this.#isPlanned = true
    setImmediate(() => {
      this.#isPlanned = false
      this.startWhatMay()
    })
  }

  startWhatMay(): void {
    const { stopping, board, clock } = this.#deps
    if (stopping.aborted) return this.#waitForRate()
    let [begun, bytes] = [0, 0]
    for (const started of board.takeStartable(clock.now())) {
      this.#begin(started)
      begun += 1
      bytes += started.waiting.delivery.event.body.byteLength
      if (begun >= maxAtOnce || bytes >= maxBytesAtOnce) return this.startSoon()
    }
    this.#waitForRate()
  }

  #waitForRate(): void {
    const { board, clock, stopping } = this.#deps
    this.#cancelWait?.()
    this.#cancelWait = undefined
    const nextMs = stopping.aborted ? undefined : board.nextStartMs(clock.now())
    if (nextMs === undefined) return
    this.#cancelWait = clock.after(Math.max(1, nextMs - clock.now()), () => this.startWhatMay())
  }

  /**
   * Bounds that belong to the sink must be known before the first attempt starts; all else is looked up for each
   * attempt.
   */
  #enqueue(waiting: WaitingDelivery): void {
    const { board, clock, resolveSink } = this.#deps
    const { event, sink: sinkName } = waiting.delivery
    const sink = resolveSink(event.owner.uid, sinkName)
    const nowMs = clock.now()
    if (typeof sink === 'string') return board.enqueue(waiting, nowMs)
    board.enqueue(waiting, nowMs, boundsOf(sink.delivery))
  }

  #begin(started: StartedDelivery): void {
    const { board, clock, reactions, handleDeps, stopping, cutOff, track } = this.#deps
    const { lane, waiting } = started
    const handling = handleDelivery(
      {
        lane,
        waiting,
        signal: cutOff,
        noteOutcome: reactions.noter(lane, waiting),
        noteDecided: (isSent, isEnded) => this.#noteDecided(lane, isSent, isEnded),
        isPlaceWanted: () => stopping.aborted || board.isPlaceWanted(lane, clock.now()),
        noteClosed: (hold) => reactions.noteClosed(lane, hold),
      },
      handleDeps,
    )
    track(handling.finally(() => this.#finish(started)))
  }

  /** What was not sent leaves its place in the rate to the next, and what ends unsent was no probe. */
  #noteDecided(lane: Lane, isSent: boolean, isEnded: boolean): void {
    const { board, clock } = this.#deps
    if (isEnded) board.noteUnprobed(lane)
    if (lane.pace === undefined) return
    board.noteDecided(lane, isSent, clock.now())
    if (lane.waiting.length > 0) this.startSoon()
  }

  #finish(started: StartedDelivery): void {
    const { board, clock, loop } = this.#deps
    const wasFull = board.isFull
    board.finish(started, clock.now())
    this.startWhatMay()
    loop.noteRoom(started.lane, wasFull)
    if (board.isUnprobed(started.lane, clock.now())) loop.ring()
  }
}
