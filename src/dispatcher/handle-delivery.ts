import type { EvaluateFilter } from '../filter/evaluate-filter.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import { attemptDelivery, namesOf, type Attempt, type AttemptDeps } from './attempt-delivery.ts'
import { beforeSend, type ResolveSink } from './before-send.ts'
import { forwardDeadLetter } from './forward-dead-letter.ts'
import type { Lane, WaitingDelivery } from './lane.ts'
import { stepEntry } from './step-entry.ts'
import type { StepRecorder } from './step-recorder.ts'

export interface HandleDeps extends AttemptDeps {
  readonly resolveSink: ResolveSink
  readonly parseEnvelope: (body: Uint8Array) => { type: string }
  readonly evaluateFilter: EvaluateFilter
  readonly recorder: Pick<StepRecorder, 'record'>
}

export interface Handling extends Pick<Attempt, 'signal' | 'noteOutcome'> {
  readonly lane: Readonly<Lane>
  readonly waiting: WaitingDelivery
}

/** One claimed delivery from the decision to the record: sent or not, passed on as a dead letter or not, and written down. Never throws. */
export async function handleDelivery({ lane, waiting, ...attempt }: Handling, deps: HandleDeps): Promise<void> {
  const { delivery, leaseUntilMs } = waiting
  const { event, sink: sinkName } = delivery
  const decision = beforeSend(delivery, deps.resolveSink(event.owner.uid, sinkName), {
    nowMs: deps.clock.now(),
    leaseUntilMs,
    isRefused: lane.circuit.refusals > 0,
    judge: (filter) => {
      const { body } = event
      return deps.evaluateFilter(filter, { type: deps.parseEnvelope(body).type, body })
    },
  })
  const { sink } = decision
  let next: NextStep
  if (decision.type === 'send') {
    next = await attemptDelivery({ ...attempt, delivery, sink: decision.sink }, deps)
  } else {
    next = decision.next
    noteSettled(delivery, next, deps)
  }
  if (sink !== undefined) next = await forwardDeadLetter({ delivery, sink, signal: attempt.signal }, next, deps)
  await deps.recorder.record(delivery, next, leaseUntilMs)
}

function noteSettled(delivery: ClaimedDelivery, next: NextStep, deps: AttemptDeps): void {
  const { metrics, logger, clock, onStep } = deps
  metrics.settled.add(1, { step: next.type })
  onStep(stepEntry(delivery, next, { atMs: clock.now() }))
  const details = { ...namesOf(delivery), next: next.type, ...('reason' in next && { reason: next.reason }) }
  if (next.type === 'DeadLetter') logger.warn(details, 'delivery.settled')
  else logger.debug(details, 'delivery.settled')
}
