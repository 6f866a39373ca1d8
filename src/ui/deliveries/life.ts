import type {
  DeadLetter,
  DeliveryKey,
  DeliveryLife,
  LifeStep,
  LiveEntry,
  PendingDelivery,
  RequestEntry,
  StepEntry,
} from '../../contract/page/deliveries.ts'
import { defined } from '../defined.ts'

interface Known {
  /** Of this delivery, in the order in which they were heard of. */
  readonly entries: readonly LiveEntry[]
  readonly pending: readonly PendingDelivery[]
  readonly deadLetters: readonly DeadLetter[]
  readonly without: readonly string[]
}

/** One delivery from Google to its end at each sink. Undefined where nothing is known of it. Pure. */
export function lifeOf(key: DeliveryKey, known: Known): DeliveryLife | undefined {
  const { entries, pending, deadLetters, without } = known
  if (entries.length + pending.length + deadLetters.length === 0) return undefined
  const requests = entries.filter((entry) => entry.kind === 'request')
  const steps = entries.filter((entry) => entry.kind === 'step')
  const eventType = [...pending, ...deadLetters].find((each) => each.eventType !== 'unknown')?.eventType
  const all = [...requests.flatMap(stepsOfRequest), ...steps.flatMap(stepsOfAttempt), ...pending.map(nextStep)]
  const [letter] = deadLetters
  return {
    ...key,
    ...(eventType !== undefined && { eventType }),
    steps: all.toSorted((a, b) => a.atMs - b.atMs),
    headers: requests[0]?.headers ?? {},
    sinks: sinksOf(steps, pending, deadLetters),
    body: letter === undefined ? { why: noBody } : { id: letter.id },
    without,
  }
}

const noBody = 'Receivers show the bodies of dead letters only.'

function stepsOfRequest(entry: RequestEntry): LifeStep[] {
  const { at, durationMs, outcome, status, keyId, headers, bodyBytes } = entry
  const endMs = Date.parse(at)
  const beginMs = endMs - durationMs
  const sentSeconds = Number(headers['webhook-timestamp'])
  const isTaken = outcome === 'Stored' || outcome === 'Duplicate'
  const answered = status === undefined ? 'nobody was left to answer' : `answered ${status}`
  const what = outcome === 'Stored' ? 'stored' : outcome === 'Duplicate' ? 'known already' : outcome
  const size = bodyBytes === undefined ? '' : `, ${bodyBytes} bytes`
  return [
    ...(sentSeconds > 0
      ? [{ kind: 'sent', state: 'Good', atMs: sentSeconds * 1000, says: 'sent by Google' } as const]
      : []),
    { kind: 'received', state: 'Good', atMs: beginMs, says: `received${size}` },
    ...(keyId === undefined
      ? []
      : [{ kind: 'verified', state: 'Good', atMs: beginMs, keyId, says: `verified with ${keyId}` } as const]),
    {
      kind: isTaken ? 'stored' : 'refused',
      state: isTaken ? 'Good' : 'Broken',
      atMs: beginMs,
      durationMs,
      ...(status !== undefined && { status }),
      says: `${what}, ${answered}`,
    },
  ]
}

function stepsOfAttempt(entry: StepEntry): LifeStep[] {
  const { at, sink, next, attempt, reason } = entry
  const endMs = Date.parse(at)
  const tried: LifeStep[] =
    attempt === undefined
      ? []
      : [
          {
            kind: 'attempt',
            state: next === 'Succeed' ? 'Good' : 'Broken',
            atMs: endMs - attempt.durationMs,
            durationMs: attempt.durationMs,
            sink,
            attempt: attempt.number,
            ...(attempt.status !== undefined && { status: attempt.status }),
            says: `${sink}, attempt ${attempt.number}${attempt.replayed ? ' of a replay' : ''}: ${resultOf(attempt)}`,
          },
        ]
  return [...tried, ...endOf(next, { atMs: endMs, sink, reason })]
}

function resultOf({ outcome, cause, status }: NonNullable<StepEntry['attempt']>): string {
  return cause ?? (status === undefined ? outcome : `${outcome}, ${status}`)
}

function endOf(
  next: string,
  { atMs, sink, reason = '' }: { atMs: number; sink: string; reason: string | undefined },
): LifeStep[] {
  switch (next) {
    case 'Succeed':
      return [{ kind: 'end', state: 'Good', atMs, sink, says: `${sink}: delivered` }]
    case 'Skip':
      return [{ kind: 'end', state: 'Good', atMs, sink, says: `${sink}: its filter does not want it` }]
    case 'DeadLetter':
      return [{ kind: 'end', state: 'Broken', atMs, sink, says: `${sink}: given up, ${reason}` }]
    default:
      return []
  }
}

function nextStep({ sink, attempts, state, nextTryAt, since, lastStepAt }: PendingDelivery): LifeStep {
  const atMs = Date.parse(nextTryAt ?? lastStepAt ?? since)
  const says = state === 'claimed' ? `${sink}: an attempt is under way` : `${sink}, next attempt`
  return { kind: 'next', state: 'Open', atMs, sink, attempt: attempts + 1, says }
}

function sinksOf(
  steps: readonly StepEntry[],
  pending: readonly PendingDelivery[],
  deadLetters: readonly DeadLetter[],
): DeliveryLife['sinks'] {
  const names = new Set([...steps, ...pending, ...deadLetters].map(({ sink }) => sink))
  return [...names].map((sink) => {
    const gone = deadLetters.find((each) => each.sink === sink)
    const waiting = pending.find((each) => each.sink === sink)
    const last = steps.findLast((step) => step.sink === sink)?.next
    return stateAt(sink, { gone, waiting, last })
  })
}

function stateAt(
  sink: string,
  {
    gone,
    waiting,
    last,
  }: { gone: DeadLetter | undefined; waiting: PendingDelivery | undefined; last: string | undefined },
): DeliveryLife['sinks'][number] {
  if (gone !== undefined) return { sink, state: 'DeadLetter', id: gone.id, why: whyGone(gone) }
  if (waiting !== undefined) {
    const { id, nextTryAt } = waiting
    return { sink, state: last === 'Hold' ? 'Held' : 'Pending', id, ...defined({ nextTryAt }) }
  }
  return { sink, state: last === 'Succeed' ? 'Delivered' : last === 'Skip' ? 'Skipped' : 'Unknown' }
}

function whyGone({ reason, attempts, lastCause }: DeadLetter): string {
  const after = `${reason} after ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}`
  return lastCause === undefined ? after : `${after}, ${lastCause}`
}
