import { sleep, type Clock } from '../clock.ts'
import type { ClaimedDelivery, Inbox } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import { Bell } from './bell.ts'
import type { DispatcherMetrics } from './dispatcher-metrics.ts'
import type { Blocked, LaneBoard } from './lane-board.ts'
import { laneKey, type Lane, type WaitingDelivery } from './lane.ts'
import { usualLeaseMs } from './lease.ts'
import { inboxPauseMs } from './step-recorder.ts'

interface ClaimLoopDeps {
  inbox: Pick<Inbox, 'claimDue' | 'nextDueMs' | 'hurry'>
  clock: Clock
  logger: Logger
  metrics: DispatcherMetrics
  board: LaneBoard
  /** Aborts when nothing more may be claimed. */
  stopping: AbortSignal
  /** A step could not be written: what would be claimed now would be sent twice. */
  isRecordingFailing: () => boolean
  /** Takes over what was claimed, and begins what may begin. */
  onClaimed: (claimed: readonly WaitingDelivery[]) => void
}

/** Deliveries of one claim, and bytes of their bodies: about what may be begun at once. */
const claimBatch = 64
const maxClaimBytes = 2 ** 20
/**
 * While something is due that may not be claimed, what becomes due behind it is not announced: look again, after
 * growing pauses.
 */
const firstRecheckMs = 250
const longestRecheckMs = 2_000
/** Nothing is known to be due: look again all the same, in case a wall clock jumped. */
const longestRestMs = 60_000

/** Takes what is due from the inbox for the lanes that have room, and rests in between. */
export class ClaimLoop {
  readonly #deps: ClaimLoopDeps
  readonly #bell = new Bell()
  #hasBegun = false
  #blocked: Blocked
  #recheckMs = firstRecheckMs
  /** Something was due that could not be claimed. */
  #isOverdue = false
  /** Until when the loop rests, unless something happens. */
  #restUntilMs = -Infinity

  constructor(deps: ClaimLoopDeps) {
    this.#deps = deps
    this.#blocked = deps.board.blocked(deps.clock.now())
  }

  /** Deliveries may be claimed: it has begun and need not stop. */
  get isRunning(): boolean {
    return this.#hasBegun && !this.#deps.stopping.aborted
  }

  /** Something may be due, or may be claimed again. */
  ring(): void {
    this.#bell.ring()
  }

  /** What falls due before the end of the rest was not known when the rest began. */
  noteDue(dueMs: number): void {
    if (dueMs < this.#restUntilMs) this.#bell.ring()
  }

  /** A place of the lane is free again; `wasFull`: no lane could have had one before. */
  noteRoom(lane: Lane, wasFull: boolean): void {
    const { board } = this.#deps
    const isNothingDue = this.#restUntilMs > -Infinity && !this.#isOverdue
    if (isNothingDue) return // what falls due meanwhile is told, or the rest ends then
    const hasRoomAgain = wasFull && !board.isFull
    const isUnblocked = board.isUnblocked(this.#blocked, lane)
    // The inbox may hand out one delivery alone, after crashes: what was held back for it can be claimed now.
    const isIdleThoughDue = this.#isOverdue && board.inFlight === 0
    if (hasRoomAgain || isUnblocked || isIdleThoughDue) this.#bell.ring()
  }

  /** Until `stopping` aborts. */
  async run(): Promise<void> {
    const { clock, board, stopping, metrics, logger } = this.#deps
    let failures = 0
    this.#hasBegun = true
    while (!stopping.aborted) {
      if (board.isFull || this.#deps.isRecordingFailing()) {
        await this.#bell.wait(clock, longestRestMs)
        continue
      }
      try {
        const claimed = await this.#claim()
        if (!claimed.wasCut) await this.#rest(claimed.isAny)
        failures = 0
      } catch (error) {
        failures += 1
        metrics.inboxFailures.add(1, { call: 'claim' })
        logger.warn({ error, failures }, 'dispatcher.claim_failed')
        await sleep(clock, inboxPauseMs(failures), stopping)
      }
    }
  }

  /** `wasCut`: there may be more that is due. */
  async #claim(): Promise<{ isAny: boolean; wasCut: boolean }> {
    const { inbox, clock, board } = this.#deps
    const claimedMs = clock.now()
    this.#blocked = board.blocked(claimedMs)
    const { lanes, owners, namespaces } = this.#blocked
    const leaseMsByLane = board.longLeases()
    const limitByLane = board.claimLimits()
    // Now, and not when it has been written: what comes meanwhile need not wait for another claim. Where more is due
    // than this one takes, the inbox says so to the next append. Of lanes with a limit it is known only afterwards.
    board.noteCaughtUp({ ...this.#blocked, lanes: new Set([...lanes, ...limitByLane.keys()]) })
    const terms = { except: { lanes, owners, namespaces }, maxBytes: maxClaimBytes, leaseMsByLane, limitByLane }
    const claimed = await inbox.claimDue(claimBatch, usualLeaseMs, terms)
    this.#deps.onClaimed(
      claimed.map((delivery) => {
        const leaseMs = leaseMsByLane.get(laneKey(delivery.event.owner.uid, delivery.sink)) ?? usualLeaseMs
        return { delivery, leaseUntilMs: claimedMs + leaseMs }
      }),
    )
    const bytes = claimed.reduce((sum, { event }) => sum + event.body.byteLength, 0)
    const wasCut = claimed.length === claimBatch || bytes >= maxClaimBytes
    if (!wasCut) board.noteCaughtUp(withLimited(this.#blocked, claimed, limitByLane))
    await this.#findProbes()
    return { isAny: claimed.length > 0, wasCut }
  }

  /**
   * What failed while the sink was down may be due only in half an hour: one of each such lane is tried as the probe
   * now.
   */
  async #findProbes(): Promise<void> {
    const { inbox, clock, board } = this.#deps
    const nowMs = clock.now()
    const lanes = board.takeUnprobed(nowMs)
    const hurried = await Promise.all(
      lanes.map(({ key }) => inbox.hurry({ lane: key, limit: 1, recordedBeforeMs: nowMs })),
    )
    if (hurried.some((count) => count > 0)) this.#bell.ring()
  }

  /** Waits until something may be due or a lane has room again. */
  async #rest(hasJustClaimed: boolean): Promise<void> {
    const { inbox, clock, board } = this.#deps
    const nextDueMs = await inbox.nextDueMs()
    const nowMs = clock.now()
    const restMs = (nextDueMs ?? Infinity) - nowMs
    if (hasJustClaimed) this.#recheckMs = firstRecheckMs
    if (restMs <= 0 && hasJustClaimed && this.#blocked.isNothing) return
    this.#isOverdue = restMs <= 0
    const probeMs = (board.nextProbeMs(nowMs) ?? Infinity) - nowMs
    const pacedMs = (board.nextClaimMs(nowMs) ?? Infinity) - nowMs
    const overdueMs = Math.min(this.#recheckMs, Math.max(pacedMs, 1))
    const waitMs = Math.min(this.#isOverdue ? overdueMs : restMs, Math.max(probeMs, 1), longestRestMs)
    if (this.#isOverdue) this.#recheckMs = Math.min(this.#recheckMs * 2, longestRecheckMs)
    this.#restUntilMs = nowMs + waitMs
    await this.#bell.wait(clock, waitMs)
    this.#restUntilMs = -Infinity
  }
}

/** Of a lane that was given as much as its limit allows, more may be due. */
function withLimited(
  blocked: Blocked,
  claimed: readonly ClaimedDelivery[],
  limitByLane: ReadonlyMap<string, number>,
): Blocked {
  if (limitByLane.size === 0) return blocked
  const lanes = new Set(blocked.lanes)
  const left = new Map(limitByLane)
  for (const { event, sink } of claimed) {
    const key = laneKey(event.owner.uid, sink)
    const laneLeft = (left.get(key) ?? Infinity) - 1
    left.set(key, laneLeft)
    if (laneLeft === 0) lanes.add(key)
  }
  return { ...blocked, lanes }
}
