import type { SinkStatus } from '../../api/status.ts'
import type { ResolvedSink, SinkSuspension } from '../../contract/keyring/entry.ts'
import type { SinkFault } from './resolved.ts'

export interface SinkResolution {
  /** For the keyring: every sink that events can be kept for. */
  resolved: ResolvedSink[]
  /** Names of the others: receivers keep events for them until they can be resolved, or are no longer suspended. */
  held: string[]
  /** Of those that are suspended or were; absent without any. */
  suspensions?: SinkSuspension[]
  status: SinkStatus[]
  problem?: SinkProblem
  /**
   * Something is missing, may change without being watched, or could not be read: worth another look before the next
   * resync.
   */
  recheck?: true
}

export interface SinkProblem {
  reason: SinkFault | 'CredentialsTooLarge'
  message: string
  /** Registering now would lose events of this sink, because none could be kept for it. */
  blocksRegistration: boolean
}
