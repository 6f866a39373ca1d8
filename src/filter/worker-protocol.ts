import type { SinkFilter } from '../contract/keyring/entry.ts'
import type { EventAliases } from '../gemini/event-aliases.ts'
import type { Evaluation } from './evaluate-event.ts'
import type { TransformQuestion } from './evaluate-transform.ts'
import type { Expression } from './expression.ts'
import type { AskedEvent } from './question.ts'

/** What a thread is started with. */
export interface WorkerSettings {
  readonly aliases?: EventAliases
}

/** One event to be judged by one filter, and to be transformed where it is wanted and the sink has a transform. */
export interface ToWorker {
  readonly filter: SinkFilter
  readonly transform?: TransformQuestion
  /** Of all sinks of the object: they share what they may cost. */
  readonly expressions: readonly Expression[]
  readonly event: AskedEvent
  /** When it is judged, milliseconds since the epoch. */
  readonly nowMs: number
}

/** `processorMs`: what the thread has used of a processor since it began. */
export type FromWorker =
  | { readonly type: 'ready'; readonly processorMs: number }
  | ({
      readonly type: 'answer'
      readonly processorMs: number
      /** The thread has gathered so much that a fresh one should take over. */
      readonly isFull: boolean
    } & Evaluation)
