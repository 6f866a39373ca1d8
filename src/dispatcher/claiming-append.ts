import type { Clock } from '../clock.ts'
import type { AppendResult, ClaimedDelivery, FirstLeases, Inbox, NewEvent } from '../inbox/port.ts'
import type { ResolveSink } from './before-send.ts'
import type { ClaimLoop } from './claim-loop.ts'
import type { LaneBoard, Reservation } from './lane-board.ts'
import type { WaitingDelivery } from './lane.ts'
import { boundsOf } from './lane-bounds.ts'
import { usualLeaseMs } from './lease.ts'

interface ClaimingAppendDeps {
  inbox: Pick<Inbox, 'appendClaiming'>
  clock: Clock
  board: LaneBoard
  resolveSink: ResolveSink
  loop: Pick<ClaimLoop, 'isRunning' | 'ring' | 'noteDue' | 'noteRoom'>
  /** A step could not be written: what would be claimed now would be sent twice. */
  isRecordingFailing: () => boolean
  track: (work: Promise<void>) => void
  /** Takes over what was claimed. */
  onClaimed: (claimed: readonly WaitingDelivery[]) => void
}

/**
 * Stores events whose first attempts are claimed by the same write, where their lanes have room: who stores an event
 * has it in memory and need not ask for it again. The room is kept while the write is under way, so that no more is
 * claimed than may be begun.
 */
export class ClaimingAppend {
  readonly #deps: ClaimingAppendDeps

  constructor(deps: ClaimingAppendDeps) {
    this.#deps = deps
  }

  append(event: NewEvent): Promise<AppendResult> {
    const places = this.#reserve(event)
    const appending = this.#append(event, places)
    // Its claims have to be taken over, or given back, before the end.
    if (places.size > 0) this.#deps.track(appending.then(ignore, ignore))
    return appending
  }

  /** The place of each sink that has one, by its name. */
  #reserve(event: NewEvent): ReadonlyMap<string, Reservation> {
    const { board, clock, resolveSink, loop, isRecordingFailing } = this.#deps
    const places = new Map<string, Reservation>()
    if (!loop.isRunning || isRecordingFailing()) return places
    for (const name of event.sinks) {
      const sink = resolveSink(event.owner.uid, name)
      if (typeof sink === 'string') continue
      const place = board.reserve({ event, sink: name }, clock.now(), boundsOf(sink.delivery))
      if (place !== undefined) places.set(name, place)
    }
    return places
  }

  async #append(event: NewEvent, places: ReadonlyMap<string, Reservation>): Promise<AppendResult> {
    const { inbox } = this.#deps
    const leases = new Map([...places].map(([name, { lane }]) => [name, lane.leaseMs ?? usualLeaseMs]))
    let claimed: readonly ClaimedDelivery[] = []
    try {
      const appended = await inbox.appendClaiming(event, leases)
      claimed = appended.claimed
      if (appended.result === 'stored') this.#noteDue(event, claimed)
      return appended.result
    } finally {
      this.#release(places)
      this.#takeOver(claimed, leases)
    }
  }

  /** What was stored without being claimed. */
  #noteDue({ owner, sinks }: NewEvent, claimed: readonly ClaimedDelivery[]): void {
    if (claimed.length === sinks.length) return
    const { board, loop } = this.#deps
    for (const sink of sinks) if (!claimed.some((one) => one.sink === sink)) board.noteBehind(owner, sink)
    loop.ring()
  }

  /** What was claimed takes its place like anything else that was. */
  #release(places: ReadonlyMap<string, Reservation>): void {
    const { board, clock, loop } = this.#deps
    for (const place of places.values()) {
      const wasFull = board.isFull
      board.release(place, clock.now())
      loop.noteRoom(place.lane, wasFull)
    }
  }

  #takeOver(claimed: readonly ClaimedDelivery[], leases: FirstLeases): void {
    if (claimed.length === 0) return
    const { loop, onClaimed } = this.#deps
    const waiting = claimed.map((delivery) => {
      return { delivery, leaseUntilMs: delivery.firstDueMs + (leases.get(delivery.sink) ?? 0) }
    })
    for (const { leaseUntilMs } of waiting) loop.noteDue(leaseUntilMs)
    onClaimed(waiting)
  }
}

function ignore(): void {}
