import type { Taker } from '../../fairness/shared-room.ts'
import type { DueLane } from '../due-lanes.ts'
import type { Totals } from '../totals.ts'

/** What one object has in the inbox. */
export interface OwnerAccount extends Totals {
  readonly id: number
  readonly key: string
  readonly uid: string
  readonly namespace: string
  /** `namespace/name` */
  readonly object: string
  /** As the rooms name it: by its row. */
  readonly taker: Taker
  readonly lanes: Set<Lane>
  /** Of the events: what they take with all that belongs to them. */
  chargedBytes: number
}

/** The deliveries of one object for one sink. */
export interface Lane extends DueLane {
  readonly id: number
  readonly account: OwnerAccount
  readonly sink: string
  pending: number
  deadLetters: number
  /** That succeeded, of events that are kept. */
  kept: number
  /** Not later than the earliest due delivery; undefined without one. */
  headDueMs: number | undefined
}

export type Count = keyof Totals | 'chargedBytes'

export const nothing: Readonly<Record<Count, number>> = {
  events: 0,
  bodyBytes: 0,
  chargedBytes: 0,
  pending: 0,
  deadLetters: 0,
  rememberedIds: 0,
}

/** Where each count stands in the row of its owner. */
export const columns = [
  ['events', 'events'],
  ['bodyBytes', 'body_bytes'],
  ['chargedBytes', 'charged_bytes'],
  ['pending', 'pending'],
  ['deadLetters', 'dead_letters'],
  ['rememberedIds', 'remembered_ids'],
] as const satisfies readonly (readonly [Count, string])[]
