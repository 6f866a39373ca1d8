import type { Clock } from '../clock.ts'
import type { StepEntry } from '../contract/feed-entry.ts'
import type { ClaimedDelivery, InboxOwner, NextStep } from '../inbox/port.ts'
import type { Logger } from '../observability/logger.ts'
import { unsendable, type OutgoingDelivery, type SendOutcome, type Sink, type SinkInUse } from '../sinks/port.ts'
import { withCause } from './cause.ts'
import type { DispatcherMetrics } from './dispatcher-metrics.ts'
import { nextStep } from './next-step.ts'
import { stepEntry } from './step-entry.ts'

export interface AttemptDeps {
  readonly sinks: Pick<Sink, 'send'>
  readonly clock: Clock
  readonly random: () => number
  readonly logger: Logger
  readonly metrics: DispatcherMetrics
  /** Called with each step of each delivery; must not throw. */
  readonly onStep: (entry: StepEntry) => void
  /** The webhook of a route's events; undefined, or absent: the owner is one itself. */
  readonly webhookOf?: (owner: InboxOwner) => OutgoingDelivery['webhook']
  /** Called when a sink of that owner has taken something; must not throw. */
  readonly onDelivered?: (owner: InboxOwner) => void
}

export interface Attempt {
  readonly delivery: ClaimedDelivery
  readonly sink: SinkInUse
  /** What the transform of the sink has made of the event. */
  readonly content?: Uint8Array
  /** Sent to see whether a sink that takes nothing is well again. */
  readonly isProbe: boolean
  /** Aborts when the process must end now. */
  readonly signal: AbortSignal
  /**
   * Takes the outcome into account for the sink as a whole; says until when a delivery waits that was refused for our
   * credentials.
   */
  readonly noteOutcome: (outcome: SendOutcome) => { holdUntilMs: number }
}

/**
 * Sends one delivery once and decides its next step; the caller records the step. An attempt that was cut off because
 * the process ends is no failure of the sink: it spends no attempt and the delivery is due at once. Never throws.
 */
export async function attemptDelivery(attempt: Attempt, deps: AttemptDeps): Promise<NextStep> {
  const { delivery, sink, signal } = attempt
  const startedMs = deps.clock.monotonic()
  const outcome = await send(attempt, deps)
  const durationMs = deps.clock.monotonic() - startedMs
  const nowMs = deps.clock.now()
  if (signal.aborted && outcome.type !== 'delivered') {
    return report(attempt, deps, { outcome, next: { type: 'Hold', untilMs: nowMs }, durationMs })
  }
  const { holdUntilMs } = attempt.noteOutcome(outcome)
  const { random } = deps
  const { isProbe } = attempt
  const context = { policy: sink.delivery, nowMs, random, holdUntilMs, isProbe }
  const next = keeping(withCause(nextStep(delivery, outcome, context), outcome), sink, nowMs)
  return report(attempt, deps, { outcome, next, durationMs })
}

/** What a sink has taken stays for as long as its object says. */
function keeping(next: NextStep, { delivery }: SinkInUse, nowMs: number): NextStep {
  const { keepDeliveredMs } = delivery
  return next.type !== 'Succeed' || keepDeliveredMs === undefined
    ? next
    : { ...next, keepUntilMs: nowMs + keepDeliveredMs }
}

async function send({ delivery, sink, content, signal }: Attempt, deps: AttemptDeps): Promise<SendOutcome> {
  const { event, attempts, replayed } = delivery
  const made = content === undefined ? {} : { content }
  const outgoing = { event, sink, attempt: attempts + 1, replayed, ...made, ...originOf(event, deps) }
  try {
    return await deps.sinks.send(outgoing, signal)
  } catch (error) {
    // A sink answers with an outcome. One that throws could not make a request of this event, and would not next time.
    deps.logger.error({ error, ...namesOf(delivery) }, 'delivery.fault')
    return { type: 'permanent', cause: unsendable }
  }
}

/** For a sink that tells whose event it is. */
export function originOf(
  { owner }: ClaimedDelivery['event'],
  { webhookOf }: Pick<AttemptDeps, 'webhookOf'>,
): Pick<OutgoingDelivery, 'webhook'> {
  const webhook = webhookOf?.(owner)
  return webhook === undefined ? {} : { webhook }
}

interface AttemptResult {
  outcome: SendOutcome
  next: NextStep
  durationMs: number
}

function report({ delivery, sink }: Attempt, deps: AttemptDeps, result: AttemptResult): NextStep {
  const { metrics, logger, clock, onStep, onDelivered } = deps
  const { outcome, next, durationMs } = result
  const sinkType = sink.destination.type
  metrics.attempts.add(1, { sink_type: sinkType, outcome: outcome.type })
  metrics.attemptSeconds.observe(durationMs / 1000, { sink_type: sinkType })
  if (next.type === 'Succeed') onDelivered?.(delivery.event.owner)
  // The age of a delivery replayed by hand does not show how long deliveries take.
  if (next.type === 'Succeed' && !delivery.replayed) {
    const { receivedAtMs, sentAtSeconds } = delivery.event
    metrics.deliverySeconds.observe(Math.max(0, clock.now() - receivedAtMs) / 1000, { sink_type: sinkType })
    metrics.sinceSentSeconds.observe(Math.max(0, clock.now() / 1000 - sentAtSeconds), { sink_type: sinkType })
  }
  const details = {
    ...namesOf(delivery),
    sinkType,
    attempt: delivery.attempts + 1,
    replayed: delivery.replayed,
    outcome: outcome.type,
    ...('cause' in outcome && { cause: outcome.cause }),
    ...(outcome.burden !== undefined && { burden: outcome.burden }),
    ...(outcome.status !== undefined && { httpStatus: outcome.status }),
    next: next.type,
    ...(next.type === 'RetryAt' && { retryInMs: next.atMs - clock.now() }),
    ...(next.type === 'DeadLetter' && { reason: next.reason }),
    durationMs: Math.round(durationMs * 10) / 10,
  }
  onStep(stepEntry(delivery, next, { atMs: clock.now(), attempt: attemptEntry(delivery, sinkType, result) }))
  if (next.type === 'Succeed') logger.info(details, 'delivery.attempted')
  else logger.warn(details, 'delivery.attempted')
  return next
}

function attemptEntry(
  { attempts, replayed }: ClaimedDelivery,
  sinkType: string,
  { outcome, durationMs }: AttemptResult,
): StepEntry['attempt'] {
  return {
    number: attempts + 1,
    sinkType,
    outcome: outcome.type,
    ...('cause' in outcome && { cause: outcome.cause }),
    ...(outcome.status !== undefined && { status: outcome.status }),
    replayed,
    durationMs,
  }
}

/** What a log line needs to find the delivery again. */
export function namesOf({ event, sink }: ClaimedDelivery): Record<string, string> {
  return { namespace: event.owner.namespace, name: event.owner.name, eventId: event.eventId, sink }
}
