import type { FilterVerdict } from '../filter/evaluate-filter.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { ResolvedSink, SinkFilter } from '../keyring/entry.ts'
import { unreachable } from '../unreachable.ts'
import { deadLetterBudgetMs } from './forward-dead-letter.ts'
import { isOver } from './next-step.ts'

/** Today's form of a sink. `notSynced`: not known yet whether it exists; `held`: it exists and cannot be resolved now; the other two are for good. */
export type ResolveSink = (
  ownerUid: string,
  sinkName: string,
) => ResolvedSink | 'ownerGone' | 'sinkRemoved' | 'held' | 'notSynced'

export type Decision = { type: 'send'; sink: ResolvedSink } | { type: 'settle'; next: NextStep; sink?: ResolvedSink }

/** The directory of sinks is read within seconds of a start; without an API server it may take longer, and asking costs a write. */
const notSyncedPauseMs = 5_000
/** A sink that cannot be resolved, or whose filter cannot run, waits for people. */
const heldPauseMs = 30_000
/** Between the end of an attempt and the end of its lease: for writing down how it went. */
const recordingMarginMs = 10_000

/** How much of a lease an attempt may need: a timeout at worst, a dead letter to be passed on, and writing it down. */
export function neededLeaseMs({ timeoutMs }: { timeoutMs: number }): number {
  return timeoutMs + deadLetterBudgetMs + recordingMarginMs
}

export interface SendContext {
  nowMs: number
  /** When the lease of the delivery ends. */
  leaseUntilMs: number
  /** The sink refused our credentials the last time. */
  isRefused: boolean
  judge: (filter: SinkFilter) => FilterVerdict
}

/** Whether the delivery is sent now, or how it goes on without an attempt. */
export function beforeSend(
  delivery: ClaimedDelivery,
  resolved: ReturnType<ResolveSink>,
  context: SendContext,
): Decision {
  switch (resolved) {
    case 'notSynced':
      return settle({ type: 'Hold', untilMs: context.nowMs + notSyncedPauseMs })
    case 'held':
      return settle({ type: 'Hold', untilMs: context.nowMs + heldPauseMs })
    case 'ownerGone':
      return settle({ type: 'DeadLetter', reason: 'OwnerGone' })
    case 'sinkRemoved':
      return settle({ type: 'DeadLetter', reason: 'SinkRemoved' })
    default:
      if (typeof resolved === 'string') return unreachable(resolved)
  }
  // The lease was too short for this sink, or the delivery has waited too long: claimed once more, it has a full one.
  if (context.leaseUntilMs - context.nowMs < neededLeaseMs(resolved.delivery)) {
    return settle({ type: 'Hold', untilMs: context.nowMs })
  }
  const verdict = resolved.filter === undefined ? 'wanted' : context.judge(resolved.filter)
  if (verdict !== 'wanted') return withoutAttempt(verdict, delivery, resolved, context.nowMs)
  // Whoever refuses us for longer than `retryFor` ends deliveries all the same, or they would fill the inbox of their owner for good.
  if (context.isRefused && isOver(delivery, context.nowMs, resolved.delivery)) {
    return settle({ type: 'DeadLetter', reason: 'RetriesExhausted' }, resolved)
  }
  return { type: 'send', sink: resolved }
}

function withoutAttempt(
  verdict: Exclude<FilterVerdict, 'wanted'>,
  delivery: ClaimedDelivery,
  sink: ResolvedSink,
  nowMs: number,
): Decision {
  switch (verdict) {
    case 'unwanted':
      return settle({ type: 'Skip' })
    case 'failed':
      // Never a skip: the sink may well have wanted it, and a dead letter can be replayed once the filter is right.
      return settle({ type: 'DeadLetter', reason: 'FilterError' }, sink)
    case 'invalid':
      if (isOver(delivery, nowMs, sink.delivery)) return settle({ type: 'DeadLetter', reason: 'FilterError' }, sink)
      return settle({ type: 'Hold', untilMs: nowMs + heldPauseMs })
    default:
      return unreachable(verdict)
  }
}

function settle(next: NextStep, sink?: ResolvedSink): Decision {
  return { type: 'settle', next, ...(sink !== undefined && { sink }) }
}
