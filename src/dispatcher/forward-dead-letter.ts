import { sleep } from '../clock.ts'
import { attemptsAtEnd } from '../contract/dead-letter-reasons.ts'
import { readCause } from '../contract/delivery-cause.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { DeadLetterStory, SendOutcome, SinkInUse } from '../sinks/port.ts'
import { namesOf, originOf, type AttemptDeps } from './attempt-delivery.ts'
import { backoffMs } from './backoff.ts'

/** All tries together stay below this. */
export const deadLetterBudgetMs = 30_000

const maxTries = 3
const longestTryMs = 8_000
/** Three tries and two pauses fit the budget: 3 x 8 s + 2 x 2 s. */
const longestPauseMs = 2_000

export interface EndedDelivery {
  readonly delivery: ClaimedDelivery
  /** The sink that was given up on. */
  readonly sink: SinkInUse
  /** Aborts when the process must end now. */
  readonly signal: AbortSignal
  /** Whether the owner may be given nothing of this event any more, as it stands at that moment. */
  readonly isRefused: () => boolean
}

/**
 * Where `next` gives a delivery up and its sink has a dead letter destination, sends the event there: at most three
 * tries within half a minute and no more, because the inbox keeps the dead letter in any case. Whether its owner may
 * have it still is asked before each. Resolves with the step to write down: the same, unless the process ended in
 * between; then the delivery comes back after the start. Never throws.
 */
export async function forwardDeadLetter(ended: EndedDelivery, next: NextStep, deps: AttemptDeps): Promise<NextStep> {
  const target = deadLetterSinkOf(ended.sink)
  if (next.type !== 'DeadLetter' || target === undefined) return next
  const outcome = await tryThrice({ ...ended, target }, storyOf(ended.delivery, next), deps)
  if (outcome === 'refused') return next
  if (outcome.type !== 'delivered' && ended.signal.aborted) return { type: 'Hold', untilMs: deps.clock.now() }
  const sinkType = target.destination.type
  deps.metrics.deadLettersForwarded.add(1, { sink_type: sinkType, outcome: outcome.type })
  const details = { ...namesOf(ended.delivery), sinkType, reason: next.reason, outcome: outcome.type }
  const cause = 'cause' in outcome ? { cause: outcome.cause } : {}
  if (outcome.type === 'delivered') deps.logger.info(details, 'deadletter.forwarded')
  else deps.logger.warn({ ...details, ...cause }, 'deadletter.forwarded')
  return next
}

async function tryThrice(
  { delivery, target, signal, isRefused }: EndedDelivery & { target: SinkInUse },
  deadLetter: DeadLetterStory,
  deps: AttemptDeps,
): Promise<SendOutcome | 'refused'> {
  const { sinks, clock, random } = deps
  const { event, replayed } = delivery
  const origin = originOf(event, deps)
  for (let attempt = 1; ; attempt++) {
    if (isRefused()) return 'refused'
    const outcome = await sinks
      .send({ event, sink: target, attempt, replayed, deadLetter, ...origin }, signal)
      .catch((): SendOutcome => ({ type: 'retryable', cause: 'fault' }))
    if (outcome.type !== 'retryable' || attempt === maxTries || signal.aborted) return outcome
    await sleep(clock, backoffMs(attempt, target.delivery, random), signal)
  }
}

/** As the inbox will tell it once `next` is written down. */
function storyOf(
  { sink, attempts, lastCause = '' }: ClaimedDelivery,
  { reason, cause = lastCause }: Extract<NextStep, { type: 'DeadLetter' }>,
): DeadLetterStory {
  const { word, status } = readCause(cause) ?? {}
  return {
    reason,
    sink,
    attempts: attemptsAtEnd(attempts, reason),
    ...(word !== undefined && { cause: word }),
    ...(status !== undefined && { status }),
  }
}

/**
 * The credentials of a sink are for that sink alone: its dead letter destination gets neither its headers nor its
 * signature, but those of its own.
 */
function deadLetterSinkOf({
  deadLetter,
  deadLetterAuth = { headers: {} },
  name,
  format,
  delivery,
}: SinkInUse): SinkInUse | undefined {
  if (deadLetter === undefined) return undefined
  const timeoutMs = Math.min(delivery.timeoutMs, longestTryMs)
  return {
    name,
    format,
    ...deadLetterAuth,
    destination: deadLetter,
    delivery: {
      ...delivery,
      timeoutMs,
      backoffPolicy: 'Exponential',
      backoffDelayMs: 1_000,
      backoffMaxMs: longestPauseMs,
    },
  }
}
