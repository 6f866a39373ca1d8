import type { Quotas } from '../../fairness/quotas.ts'
import type { RoomsBounds } from '../rooms.ts'
import type { Subjects } from './subjects.ts'

export interface Identity {
  /** The receiver, the same over its restarts. */
  home: string
  /** This life of its process. */
  run: string
}

export interface LedgerDeps {
  readonly identity: Identity
  readonly subjects: Subjects
  /** May change later. */
  readonly bounds: RoomsBounds
  readonly quotas: Quotas
}

/** An event's message was replaced by the memory of its id. */
export interface Closing {
  readonly seq: number
  readonly forgetAtMs: number
  readonly nowMs: number
  /** `us`: we know it from somewhere else than from following the stream, perhaps before that. */
  readonly from: 'stream' | 'us'
}
