import { isDeepStrictEqual } from 'node:util'

import type { Judgement, JudgeFilter } from '../filter/judge-filter.ts'
import type { ClaimedDelivery, NewEvent, NextStep } from '../inbox/port.ts'
import { attemptDelivery, namesOf, type Attempt, type AttemptDeps } from './attempt-delivery.ts'
import { afterJudging, beforeJudging, notAllowed, type Decision, type ResolveSink } from './before-send.ts'
import { forwardDeadLetter } from './forward-dead-letter.ts'
import type { Lane, WaitingDelivery } from './lane.ts'
import { questionAbout, type SinkRules } from './question-about.ts'
import { stepEntry } from './step-entry.ts'
import type { StepRecorder } from './step-recorder.ts'

export interface HandleDeps extends AttemptDeps {
  readonly resolveSink: ResolveSink
  readonly judgeFilter: JudgeFilter
  /** Whether the owner of an event may see it still, as far as its content decides; absent: every owner may. */
  readonly maySee?: (event: NewEvent) => boolean
  readonly recorder: Pick<StepRecorder, 'record'>
}

export interface Handling extends Pick<Attempt, 'signal' | 'noteOutcome'> {
  readonly lane: Readonly<Lane>
  readonly waiting: WaitingDelivery
  /** It is known whether an attempt begins now, or the delivery ends without one. Called once. */
  readonly noteDecided: (isSent: boolean, isEnded: boolean) => void
  /** Whether something waits for the place that this delivery has. */
  readonly isPlaceWanted: () => boolean
  /** Takes into account that no delivery of the lane can go on before that time; undefined: this one can. */
  readonly noteClosed: (hold: { untilMs: number; cause?: string } | undefined) => void
}

/**
 * One claimed delivery from the decision to the record: sent or not, passed on as a dead letter or not, and written
 * down. Never throws.
 */
export async function handleDelivery(handling: Handling, deps: HandleDeps): Promise<void> {
  const { lane, waiting, signal, noteOutcome, isPlaceWanted } = handling
  const { delivery, leaseUntilMs } = waiting
  const decision = await decide(handling, deps)
  handling.noteDecided(decision.type === 'send', decision.type === 'settle' && decision.next.type !== 'Hold')
  const { sink } = decision
  let next: NextStep
  if (decision.type === 'send') {
    const isProbe = lane.circuit.openings > 0
    const { sink: current, content } = decision
    const sent = { sink: current, ...(content !== undefined && { content }) }
    next = await attemptDelivery({ signal, noteOutcome, isProbe, delivery, ...sent }, deps)
  } else {
    next = decision.next
    noteSettled(delivery, next, deps)
  }
  const isRefused = () => isRefusedNow(delivery, deps)
  if (sink !== undefined) next = await forwardDeadLetter({ delivery, sink, signal, isRefused }, next, deps)
  // The place is free once it is written. An end that is lost with the process repeats the attempt, written at once or
  // not; all else says when the delivery goes on.
  const isEnd = next.type === 'Succeed' || next.type === 'Skip'
  await deps.recorder.record(delivery, next, { leaseUntilMs, when: isEnd && !isPlaceWanted() ? 'soon' : 'now' })
}

/**
 * Judging may take its time, so what was true before is asked again afterwards: where the sink has another filter or
 * transform by now, those are asked, and what has waited for longer than its lease allows is given back.
 */
async function decide({ lane, waiting, signal, noteClosed }: Handling, deps: HandleDeps): Promise<Decision> {
  const { delivery, leaseUntilMs } = waiting
  const { owner } = delivery.event
  let judged: { rules: SinkRules; judgement: Judgement } | undefined
  for (;;) {
    const nowMs = deps.clock.now()
    // What is not sent needs no time for an attempt: it must not be judged over and over because its turn came late.
    const usableUntilMs = judged === undefined || judged.judgement.type === 'wanted' ? leaseUntilMs : Infinity
    const resolved = deps.resolveSink(owner.uid, delivery.sink)
    const first = beforeJudging(resolved, { nowMs, leaseUntilMs: usableUntilMs })
    if (first.type !== 'judge') return noting(first, noteClosed)
    if (deps.maySee?.(delivery.event) === false) return noting(notAllowed, noteClosed)
    const { filter, transform } = first.sink
    const rules = { filter, transform }
    const isFree = filter === undefined && transform === undefined
    if (isFree || isDeepStrictEqual(rules, judged?.rules)) {
      const { openUntilMs: circuitOpenUntilMs, openings, lastFailureMs } = lane.circuit
      const context = { nowMs, circuitOpenUntilMs, sinkFailedMs: openings > 0 ? lastFailureMs : undefined }
      const judgement = isFree || judged === undefined ? wanted : judged.judgement
      return noting(afterJudging(delivery, first.sink, judgement, context), noteClosed)
    }
    const judgement = await deps.judgeFilter(questionAbout(delivery, rules, deps), signal)
    judged = { rules, judgement }
  }
}

/** Consent may have ended while an attempt was under way. */
function isRefusedNow({ event, sink }: ClaimedDelivery, { resolveSink, maySee }: HandleDeps): boolean {
  return resolveSink(event.owner.uid, sink) === 'routeRefused' || maySee?.(event) === false
}

const wanted: Judgement = { type: 'wanted' }

function noting(decision: Decision, noteClosed: Handling['noteClosed']): Decision {
  const { next, closesLane } = decision.type === 'settle' ? decision : {}
  noteClosed(closesLane === true && next?.type === 'Hold' ? next : undefined)
  return decision
}

function noteSettled(delivery: ClaimedDelivery, next: NextStep, deps: AttemptDeps): void {
  const { metrics, logger, clock, onStep } = deps
  metrics.settled.add(1, { step: next.type })
  onStep(stepEntry(delivery, next, { atMs: clock.now() }))
  const { reason, cause } = next.type === 'DeadLetter' ? next : {}
  const why = { ...(reason !== undefined && { reason }), ...(cause !== undefined && { cause }) }
  const details = { ...namesOf(delivery), next: next.type, ...why }
  if (next.type === 'DeadLetter') logger.warn(details, 'delivery.settled')
  else logger.debug(details, 'delivery.settled')
}
