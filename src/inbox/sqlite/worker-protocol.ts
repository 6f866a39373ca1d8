import type {
  AppendResult,
  ClaimTerms,
  ClaimedDelivery,
  DeadLetterPage,
  DeadLetterQuery,
  DeadLetterReason,
  GivenUpResult,
  HandedEvent,
  HurryRequest,
  KeptPage,
  KeptQuery,
  NewEvent,
  PendingPage,
  PendingQuery,
  SinkBacklog,
} from '../port.ts'
import type { InboxBounds } from '../bounds.ts'
import type { ItemResult } from './batch-codec.ts'
import type { LargestShares } from '../rooms.ts'
import type { Totals } from '../totals.ts'
import type { StoreStats } from './store.ts'
import type { ToldQuota } from './told-quotas.ts'

/**
 * What the two threads say to each other. What arrives while batches are under way makes the next ones: that is the
 * group commit. Each batch is answered once, in the order in which they came.
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
  | ({ type: 'claim'; limit: number; leaseMs: number } & ClaimTerms)
  | { type: 'appendGivenUp'; event: NewEvent; reason: DeadLetterReason }
  | { type: 'deadLetters'; query: DeadLetterQuery }
  | { type: 'deadLetterEvent'; deliveryId: string }
  | { type: 'replay'; deliveryId: string }
  | { type: 'kept'; query: KeptQuery }
  | { type: 'pending'; query: PendingQuery }
  | { type: 'retryNow'; deliveryId: string }
  | { type: 'hurry'; request: HurryRequest }
  | { type: 'listHandover'; limit: number }
  | { type: 'takeOver'; handed: HandedEvent }
  | { type: 'release'; ref: string }
  | { type: 'stats' }
  | { type: 'backlog' }
  | { type: 'nextDue' }
  /** `writesFail`: so whether the disk takes anything again has to be tried. */
  | { type: 'maintain'; writesFail?: boolean }

/** Without the event, which travels packed beside it, or is with who asked already. */
export type PackedClaim = Omit<ClaimedDelivery, 'event'>

/** What an item of a batch came to. */
export interface ItemAnswer {
  readonly result: ItemResult
  /** With an append that asked for it. */
  readonly claims: readonly PackedClaim[]
}

export type CallResult =
  | { type: 'claim'; claims: PackedClaim[]; events: Uint8Array }
  | { type: 'appendGivenUp'; result: GivenUpResult }
  | { type: 'deadLetters'; page: DeadLetterPage }
  | { type: 'deadLetterEvent'; event: NewEvent | undefined }
  | { type: 'replay'; replayed: boolean }
  | { type: 'kept'; page: KeptPage }
  | { type: 'pending'; page: PendingPage }
  | { type: 'retryNow'; lane: string | undefined }
  | { type: 'hurry'; hurried: number }
  | { type: 'listHandover'; events: HandedEvent[] }
  | { type: 'takeOver'; result: AppendResult }
  | { type: 'release' }
  | { type: 'stats'; stats: StoreStats }
  | { type: 'backlog'; sinks: SinkBacklog[] }
  | { type: 'nextDue'; atMs: number | undefined }
  | { type: 'maintain'; more: boolean }

export type ResultOf<C extends Call> = Extract<CallResult, { type: C['type'] }>

export function isResultOf<C extends Call>(call: C, result: CallResult): result is ResultOf<C> {
  return result.type === call.type
}

export type ToWorker =
  | {
      type: 'batch'
      items: Uint8Array
      calls: readonly Call[]
      nowMs: number
      /** Those that changed, or are of namespaces that were not told before and are not like all others. */
      quotas?: readonly ToldQuota[]
    }
  | { type: 'close' }

export interface BatchReport {
  totals: Totals
  /** Deliveries that succeeded and can be replayed. */
  kept: number
  usedBytes: number
  largestShares: LargestShares
  /** There is room for more than an event or two. */
  hasRoom: boolean
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
      /** That have anything in the file. */
      namespaces: string[]
      report: BatchReport
    }
  | { type: 'refused'; problem: string }
  | {
      type: 'done'
      results: Uint8Array
      /** Of the items that claimed anything, by their positions. */
      claims: ReadonlyMap<number, readonly PackedClaim[]>
      calls: CallResult[]
      report: BatchReport
    }
  /** Rolled back: nothing of the batch was kept. */
  | { type: 'failed'; problem: string; isVolumeFull: boolean }
  | { type: 'closed' }
