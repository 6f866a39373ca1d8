import { sleep } from '../clock.ts'
import { attemptsAtEnd } from '../contract/dead-letter-reasons.ts'
import { readCause } from '../contract/delivery-cause.ts'
import type { JudgeFilter } from '../filter/judge-filter.ts'
import type { ClaimedDelivery, NextStep } from '../inbox/port.ts'
import type { DeadLetterStory, SendOutcome, SinkInUse } from '../sinks/port.ts'
import { namesOf, originOf, type AttemptDeps } from './attempt-delivery.ts'
import { backoffMs } from './backoff.ts'
import { holdCauses } from './cause.ts'
import { questionAboutDeadLetter } from './question-about.ts'
import { renderedBy, type Rendered } from './render-dead-letter.ts'

/** All tries together stay below this. */
export const deadLetterBudgetMs = 30_000

const maxTries = 3
const longestTryMs = 8_000
/** Three tries and two pauses fit the budget: 3 x 8 s + 2 x 2 s. */
const longestPauseMs = 2_000
/** A transform may wait for its turn and take its time: what would begin later would not end in time. */
const latestTryMs = deadLetterBudgetMs - longestTryMs

export interface ForwardDeps extends AttemptDeps {
  readonly judgeFilter: JudgeFilter
}

/** A delivery that goes to the dead letter destination of its sink. */
interface Forwarding extends EndedDelivery {
  readonly target: SinkInUse
  readonly deadLetter: DeadLetterStory
}

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
 * have it still is asked before each. What the transform of the destination makes of it is made once; where it makes
 * nothing, nothing is sent. Resolves with the step to write down: the same, unless the process ended in
 * between; then the delivery comes back after the start. Never throws.
 */
export async function forwardDeadLetter(ended: EndedDelivery, next: NextStep, deps: ForwardDeps): Promise<NextStep> {
  const target = deadLetterSinkOf(ended.sink)
  if (next.type !== 'DeadLetter' || target === undefined) return next
  const outcome = await tryThrice({ ...ended, target, deadLetter: storyOf(ended.delivery, next) }, deps)
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

async function tryThrice(forwarding: Forwarding, deps: ForwardDeps): Promise<SendOutcome | 'refused'> {
  const { target, signal, isRefused } = forwarding
  const { clock, random } = deps
  const startedMs = clock.monotonic()
  let rendered = await render(forwarding, deps)
  let outcome: SendOutcome = { type: 'retryable', cause: holdCauses.filterWaits }
  for (let attempt = 1; ; attempt++) {
    if (isRefused()) return 'refused'
    if (clock.monotonic() - startedMs > latestTryMs) return outcome
    outcome = rendered.type === 'rendered' ? await send(forwarding, { attempt, ...rendered }, deps) : rendered
    if (outcome.type !== 'retryable' || attempt === maxTries || signal.aborted) return outcome
    await sleep(clock, backoffMs(attempt, target.delivery, random), signal)
    if (rendered.type !== 'rendered') rendered = await render(forwarding, deps)
  }
}

async function render({ delivery, target, deadLetter, signal }: Forwarding, deps: ForwardDeps): Promise<Rendered> {
  const { judgeFilter, webhookOf } = deps
  if (target.transform === undefined) return { type: 'rendered' }
  const context = { deadLetter, ...(webhookOf !== undefined && { webhookOf }) }
  return renderedBy(await judgeFilter(questionAboutDeadLetter(delivery, target.transform, context), signal))
}

function send(
  { delivery, target, deadLetter, signal }: Forwarding,
  { attempt, content }: { attempt: number; content?: Uint8Array },
  deps: ForwardDeps,
): Promise<SendOutcome> {
  const { event, replayed } = delivery
  const made = content === undefined ? {} : { content }
  return deps.sinks
    .send({ event, sink: target, attempt, replayed, deadLetter, ...made, ...originOf(event, deps) }, signal)
    .catch((): SendOutcome => ({ type: 'retryable', cause: 'fault' }))
}

/** As the inbox will tell it once `next` is written down. */
function storyOf(
  { sink, attempts, lastCause = '' }: ClaimedDelivery,
  next: Extract<NextStep, { type: 'DeadLetter' }>,
): DeadLetterStory {
  const { reason, cause = lastCause } = next
  const { word, status } = readCause(cause) ?? {}
  return {
    reason,
    sink,
    attempts: attemptsAtEnd(attempts, next),
    ...(word !== undefined && { cause: word }),
    ...(status !== undefined && { status }),
  }
}

/**
 * The credentials of a sink are for that sink alone: its dead letter destination gets neither its headers nor its
 * signature, but those of its own. Nor does the transform of the sink apply there.
 */
function deadLetterSinkOf({
  deadLetter,
  deadLetterAuth = { headers: {} },
  deadLetterTransform,
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
    ...(deadLetterTransform !== undefined && { transform: deadLetterTransform }),
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
