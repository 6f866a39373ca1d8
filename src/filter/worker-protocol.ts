import type { SinkFilter } from '../contract/keyring/entry.ts'
import type { FilterVerdict } from './verdict.ts'

/** One event to be judged by one filter. */
export interface ToWorker {
  readonly filter: SinkFilter
  /** Of all sinks of the object: they share what they may cost. */
  readonly expressions: readonly string[]
  readonly body: Uint8Array
}

/** `processorMs`: what the thread has used of a processor since it began. */
export type FromWorker =
  | { readonly type: 'ready'; readonly processorMs: number }
  | {
      readonly type: 'answer'
      readonly verdict: FilterVerdict
      readonly processorMs: number
      /** The thread has gathered so much that a fresh one should take over. */
      readonly isFull: boolean
    }
