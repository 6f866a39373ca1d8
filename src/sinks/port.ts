import type { DeadLetterReason, NewEvent } from '../inbox/port.ts'
import type { Destination, ResolvedSink } from '../contract/keyring/entry.ts'
import type { AnswerBurden } from './answer-cost.ts'

/** Where an event is handed on to the routes of its webhook. Receivers know it by themselves: no entry has it. */
interface RoutesDestination {
  readonly type: 'routes'
}

/** A sink as deliveries go to it. */
export type SinkInUse = Omit<ResolvedSink, 'destination' | 'delivery'> & {
  readonly destination: Destination | RoutesDestination
  readonly delivery: ResolvedSink['delivery'] & {
    /**
     * From when on deliveries are retried that came before, milliseconds since the epoch: until then they stood still.
     */
    readonly retryFromMs?: number
  }
}

/** One try to hand one event to one sink. */
export interface OutgoingDelivery {
  event: NewEvent
  sink: SinkInUse
  /** Numbered from 1. */
  attempt: number
  replayed: boolean
  /** What the transform of the sink has made of the event; absent where the sink has none. */
  content?: Uint8Array
  /** Whose event it is where its owner is a route; absent: the owner's own. */
  webhook?: { readonly namespace: string; readonly name: string }
  /** The span of this attempt, as text; absent where no traces are kept. */
  trace?: string
  /** Set when the event goes to a dead letter destination. */
  deadLetter?: DeadLetterStory
}

/** How a delivery came to be given up. */
export interface DeadLetterStory {
  readonly reason: DeadLetterReason
  /** That was given up on. */
  readonly sink: string
  /** At that sink. */
  readonly attempts: number
  /** Why the last step was no success, a word of a closed list; absent where there was none. */
  readonly cause?: string
  /** Of its last answer, where the cause is one. */
  readonly status?: number
}

/**
 * `burden`: the answer cost more than answers may. Its outcome for the event stands, but it counts against the sink
 * like a failure.
 */
export type SendOutcome = { readonly burden?: AnswerBurden } & (
  | { type: 'delivered'; status?: number }
  | { type: 'retryable'; cause: string; status?: number; retryAfterMs?: number }
  /** The sink refuses the credentials: open the circuit and hold, spend no attempts. */
  | { type: 'unauthorized'; status?: number }
  | { type: 'permanent'; cause: string; status?: number }
)

/** `cause` is one of a closed list of words, never text that came from outside. Send never throws. */
export interface Sink {
  send(delivery: OutgoingDelivery, signal: AbortSignal): Promise<SendOutcome>
  close(): Promise<void>
}

/**
 * The cause of a permanent outcome when no request could be made of the event: an error of the event or of ours, never
 * of the sink.
 */
export const unsendable = 'unsendable'
