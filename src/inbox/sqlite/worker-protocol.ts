import type { AppendResult, HandedEvent, ClaimedDelivery, DeadLetterPage, DeadLetterQuery, NewEvent } from '../port.ts'
import type { InboxBounds } from '../bounds.ts'
import type { Totals } from './ledger.ts'
import type { StoreStats } from './store.ts'

/**
 * What the two threads say to each other. What arrives while batches are under way makes the next ones: that is the group commit. Each batch is answered
 * once, in the order in which they came.
 */

export interface WorkerSettings {
  path: string
  bounds: InboxBounds
  /** A damaged file is moved aside and an empty one begun, instead of refusing to start. */
  setAsideDamaged: boolean
  /** The worker has no clock of its own. */
  nowMs: number
}

export type Call =
  | { type: 'claim'; limit: number; leaseMs: number; exceptSinks: ReadonlySet<string> }
  | { type: 'deadLetters'; query: DeadLetterQuery }
  | { type: 'deadLetterEvent'; deliveryId: string }
  | { type: 'replay'; deliveryId: string }
  | { type: 'listHandover'; limit: number }
  | { type: 'takeOver'; handed: HandedEvent }
  | { type: 'release'; ref: string }
  | { type: 'stats' }
  | { type: 'nextDue' }
  | { type: 'maintain' }

/** Without the event, which travels packed beside it. */
export type PackedClaim = Omit<ClaimedDelivery, 'event'>

export type CallResult =
  | { type: 'claim'; claims: PackedClaim[]; events: Uint8Array }
  | { type: 'deadLetters'; page: DeadLetterPage }
  | { type: 'deadLetterEvent'; event: NewEvent | undefined }
  | { type: 'replay'; replayed: boolean }
  | { type: 'listHandover'; events: HandedEvent[] }
  | { type: 'takeOver'; result: AppendResult }
  | { type: 'release' }
  | { type: 'stats'; stats: StoreStats }
  | { type: 'nextDue'; atMs: number | undefined }
  | { type: 'maintain'; more: boolean }

export type ToWorker = { type: 'batch'; items: Uint8Array; calls: readonly Call[]; nowMs: number } | { type: 'close' }

export interface BatchReport {
  totals: Totals
  usedBytes: number
  oldestPendingMs: number
  droppedDeadLetters: number
  commitMs: number
  /** The volume is full: the ballast was given up, appends are refused until there is room for it again. */
  isVolumeFull: boolean
}

export type FromWorker =
  | {
      type: 'opened'
      warning: string | undefined
      setAside: string | undefined
      maxBytes: number
      report: BatchReport
    }
  | { type: 'refused'; problem: string }
  | { type: 'done'; results: Uint8Array; calls: CallResult[]; report: BatchReport }
  /** Rolled back: nothing of the batch was kept. */
  | { type: 'failed'; problem: string; isVolumeFull: boolean }
  | { type: 'closed' }
