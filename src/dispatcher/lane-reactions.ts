import type { Clock } from '../clock.ts'
import type { ClaimedDelivery, HurryRequest, Inbox } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import { namesOf } from './attempt-delivery.ts'
import { holdCauses } from './cause.ts'
import { isOpen, type Circuit } from './circuit.ts'
import type { DispatcherMetrics } from './dispatcher-metrics.ts'
import type { Handling } from './handle-delivery.ts'
import type { LaneBoard } from './lane-board.ts'
import { noteOutcome, type Lane, type WaitingDelivery } from './lane.ts'
import { spend } from './ramp.ts'

/** Gives claimed deliveries back until then, without an attempt. */
export type GiveBack = (waiting: readonly WaitingDelivery[], untilMs: number, cause?: string) => void

interface LaneReactionsDeps {
  inbox: Pick<Inbox, 'hurry'>
  clock: Clock
  logger: Logger
  metrics: DispatcherMetrics
  board: LaneBoard
  /** Aborts when nothing more may be made due. */
  stopping: AbortSignal
  giveBack: GiveBack
  track: (work: Promise<void>) => void
  /** Deliveries were made due. */
  onHurried: () => void
}

/** What an outcome means for the other deliveries of its lane: whether they wait, and which are made due sooner. */
export class LaneReactions {
  readonly #deps: LaneReactionsDeps
  readonly #hurrying = new Set<Lane>()

  constructor(deps: LaneReactionsDeps) {
    this.#deps = deps
  }

  /** Takes what came of an attempt into account, for `handleDelivery`. */
  noter(lane: Lane, { delivery }: WaitingDelivery): Handling['noteOutcome'] {
    const { clock, board, giveBack } = this.#deps
    return (outcome) => {
      const nowMs = clock.now()
      const before = lane.circuit
      noteOutcome(lane, outcome, { eventId: delivery.event.eventId, nowMs })
      const holdUntilMs = Math.max(lane.circuit.openUntilMs, nowMs)
      if (isOpen(lane.circuit, nowMs)) giveBack(board.takeWaiting(lane), holdUntilMs, holdCauses.circuitOpen)
      this.#logChange(before, lane.circuit, delivery)
      this.#hurry(lane)
      return { holdUntilMs }
    }
  }

  /**
   * What keeps one delivery of a lane keeps them all: they are looked at when that is over, and not each on its own.
   */
  noteClosed(lane: Lane, hold: Parameters<Handling['noteClosed']>[0]): void {
    const { board, giveBack } = this.#deps
    lane.closedUntilMs = hold?.untilMs ?? 0
    if (hold !== undefined) giveBack(board.takeWaiting(lane), hold.untilMs, hold.cause)
  }

  #logChange(before: Circuit, after: Circuit, delivery: ClaimedDelivery): void {
    if (before.openFor === after.openFor) return
    const { namespace, name, sink } = namesOf(delivery)
    const { logger } = this.#deps
    if (after.openFor === 'nothing') logger.info({ namespace, name, sink }, 'circuit.closed')
    else logger.warn({ namespace, name, sink, openFor: after.openFor }, 'circuit.opened')
  }

  /** One call of a lane at a time: what is taken meanwhile adds to the credit of the next. */
  #hurry(lane: Lane): void {
    if (lane.ramp === undefined || lane.ramp.credit === 0 || this.#hurrying.has(lane)) return
    const { limit, ramp } = spend(lane.ramp)
    lane.ramp = ramp
    this.#hurrying.add(lane)
    this.#deps.track(this.#makeDue(lane, { lane: lane.key, limit, recordedBeforeMs: ramp.startedMs }))
  }

  async #makeDue(lane: Lane, request: HurryRequest): Promise<void> {
    const { inbox, metrics, logger, stopping, onHurried } = this.#deps
    try {
      const hurried = await inbox.hurry(request)
      metrics.hurried.add(hurried)
      if (hurried < request.limit) lane.ramp = undefined
      if (hurried > 0) onHurried()
    } catch (error) {
      metrics.inboxFailures.add(1, { call: 'hurry' })
      logger.warn({ error }, 'dispatcher.hurry_failed')
    } finally {
      this.#hurrying.delete(lane)
    }
    if (!stopping.aborted) this.#hurry(lane)
  }
}
