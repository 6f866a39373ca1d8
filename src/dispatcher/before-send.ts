import type { Judgement } from '../filter/judge-filter.ts'
import { holdCauses } from './cause.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { SinkInUse } from '../sinks/port.ts'
import { unreachable } from '../unreachable.ts'
import { deadLetterBudgetMs } from './forward-dead-letter.ts'
import { isOver } from './next-step.ts'

/**
 * Today's form of a sink. `notSynced`: not known yet whether it exists; `held`: it exists and cannot be resolved now;
 * `suspended`: it, or its route, takes nothing now; `routeRefused`: its route may be given nothing any more; the other
 * two are for good.
 */
export type ResolveSink = (
  ownerUid: string,
  sinkName: string,
) => SinkInUse | 'ownerGone' | 'sinkRemoved' | 'routeRefused' | 'held' | 'suspended' | 'notSynced'

/**
 * send: the delivery is sent now, with what the transform of its sink has made of the event. settle: its next step
 * follows without an attempt; where `closesLane` is set, for a reason that all deliveries of its lane share, so that no
 * other needs to be looked at before `next` is due.
 */
export type Decision =
  | { type: 'send'; sink: SinkInUse; content?: Uint8Array }
  | { type: 'settle'; next: NextStep; sink?: SinkInUse; closesLane?: true }

/**
 * The directory of sinks is read within seconds of a start; without an API server it may take longer, and asking costs
 * a write.
 */
const notSyncedPauseMs = 5_000
/** A sink that cannot be resolved, or whose filter cannot run, waits for people. */
const heldPauseMs = 30_000
/** Soon after a person has let a route or a sink go on; each look costs a write for what was claimed of its sinks. */
const suspendedPauseMs = 10_000
/** Between the end of an attempt and the end of its lease: for writing down how it went. */
const recordingMarginMs = 10_000

/** How much of a lease an attempt may need: a timeout at worst, a dead letter to be passed on, and writing it down. */
export function neededLeaseMs({ timeoutMs }: { timeoutMs: number }): number {
  return timeoutMs + deadLetterBudgetMs + recordingMarginMs
}

/**
 * Whether the sink allows sending the delivery (`judge`: if the filter wants it), or its next step without an attempt.
 */
export function beforeJudging(
  resolved: ReturnType<ResolveSink>,
  /** `leaseUntilMs`: when the lease of the delivery ends. */
  { nowMs, leaseUntilMs }: { nowMs: number; leaseUntilMs: number },
): Decision | { type: 'judge'; sink: SinkInUse } {
  switch (resolved) {
    case 'notSynced':
      return closeLane(nowMs + notSyncedPauseMs, holdCauses.notSynced)
    case 'held':
      return closeLane(nowMs + heldPauseMs, holdCauses.unresolved)
    case 'suspended':
      return closeLane(nowMs + suspendedPauseMs, holdCauses.suspended)
    case 'ownerGone':
      return settle({ type: 'DeadLetter', reason: 'OwnerGone' })
    case 'sinkRemoved':
      return settle({ type: 'DeadLetter', reason: 'SinkRemoved' })
    case 'routeRefused':
      return notAllowed
    default:
      if (typeof resolved === 'string') return unreachable(resolved)
  }
  // The lease was too short for this sink, or the delivery has waited too long: claimed once more, it has a full one.
  if (leaseUntilMs - nowMs < neededLeaseMs(resolved.delivery)) return settle({ type: 'Hold', untilMs: nowMs })
  return { type: 'judge', sink: resolved }
}

export interface SendDeps {
  nowMs: number
  /** When the sink failed last, where its circuit is not closed: nothing was taken since. */
  sinkFailedMs: number | undefined
  /** Until when nothing may be sent, where the circuit has opened while the event was judged; 0: it has not. */
  circuitOpenUntilMs: number
}

/** Whether a judged delivery is sent, or its next step without an attempt. */
export function afterJudging(
  delivery: ClaimedDelivery,
  sink: SinkInUse,
  judgement: Judgement,
  { nowMs, sinkFailedMs, circuitOpenUntilMs }: SendDeps,
): Decision {
  if (judgement.type !== 'wanted') return withoutAttempt(judgement, delivery, sink, nowMs)
  if (circuitOpenUntilMs > nowMs) {
    return settle({ type: 'Hold', untilMs: circuitOpenUntilMs, ...causeOf(delivery, holdCauses.circuitOpen) })
  }
  // A sink that takes nothing for longer than `retryFor` ends deliveries nevertheless, or they would fill the inbox of
  // their owner for good. Not before the sink was seen to fail after that time: it may have been repaired since.
  if (sinkFailedMs !== undefined && isOver(delivery, sinkFailedMs, sink.delivery)) {
    return settle({ type: 'DeadLetter', reason: 'RetriesExhausted', unsent: true }, sink)
  }
  const { content } = judgement
  return { type: 'send', sink, ...(content !== undefined && { content }) }
}

function withoutAttempt(
  judgement: Exclude<Judgement, { type: 'wanted' }>,
  delivery: ClaimedDelivery,
  sink: SinkInUse,
  nowMs: number,
): Decision {
  switch (judgement.type) {
    case 'unwanted':
      return settle({ type: 'Skip' })
    case 'failed':
      // Never a skip: the sink may well have wanted it, and a dead letter can be replayed once the filter is right.
      return giveUp(holdCauses.filterFailed, sink)
    case 'invalid':
      if (isOver(delivery, nowMs, sink.delivery)) return giveUp(holdCauses.invalidFilter, sink)
      return closeLane(nowMs + heldPauseMs, holdCauses.invalidFilter)
    case 'transformFailed':
      // Of this event alone: the others of the sink are sent.
      return settle({ type: 'DeadLetter', reason: 'TransformError', cause: judgement.cause }, sink)
    case 'transformInvalid':
      if (isOver(delivery, nowMs, sink.delivery)) return settle(invalidTransform, sink)
      return closeLane(nowMs + heldPauseMs, holdCauses.invalidTransform)
    case 'paused':
      if (isOver(delivery, nowMs, sink.delivery)) return settle(interruptedStep(sink), sink)
      return closeLane(judgement.untilMs, holdCauses.filterInterrupted)
    case 'waits':
      return settle({ type: 'Hold', untilMs: judgement.untilMs, ...causeOf(delivery, holdCauses.filterWaits) })
    default:
      return unreachable(judgement)
  }
}

const invalidTransform: NextStep = {
  type: 'DeadLetter',
  reason: 'TransformError',
  cause: holdCauses.invalidTransform,
}

/** Of a sink without a filter that computes, the transform is what was interrupted. */
function interruptedStep({ filter, transform }: SinkInUse): NextStep {
  const isOfTransform = transform !== undefined && filter?.cel === undefined
  const reason = isOfTransform ? 'TransformError' : 'FilterError'
  return { type: 'DeadLetter', reason, cause: holdCauses.filterInterrupted }
}

/** Without a sink, so that it is passed on to no dead letter destination either. */
export const notAllowed: Decision = { type: 'settle', next: { type: 'DeadLetter', reason: 'RouteRefused' } }

function giveUp(cause: string, sink: SinkInUse): Decision {
  return settle({ type: 'DeadLetter', reason: 'FilterError', cause }, sink)
}

function settle(next: NextStep, sink?: SinkInUse): Decision {
  return { type: 'settle', next, ...(sink !== undefined && { sink }) }
}

function closeLane(untilMs: number, cause: string): Decision {
  return { type: 'settle', next: { type: 'Hold', untilMs, cause }, closesLane: true }
}

/** One that was tried before keeps the cause of that. */
function causeOf({ attempts }: ClaimedDelivery, cause: string): { cause?: string } {
  return attempts === 0 ? { cause } : {}
}
