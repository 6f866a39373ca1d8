import { driftPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhookSpec } from '../../api/spec.ts'
import type { Reason } from '../../api/reasons.ts'
import type { Condition } from '../../api/status.ts'
import type { Judgement } from '../facts/judgement.ts'
import type { Finding } from './result.ts'

/**
 * How long something that others have to create, such as a Service, counts as still to come. Health checks of GitOps
 * tools wait about as long.
 */
const waitForOthersMs = 5 * 60_000

/** Reasons for which a person has to act, though the work is retried. */
const forPeople: ReadonlySet<Reason> = new Set([
  'Suspended',
  'SinkInvalid',
  'SinkNotReady',
  'SinkUnsupported',
  'CredentialsTooLarge',
  'NeverArrived',
  'NameNotResolved',
  'TLSFailed',
  'ConnectionFailed',
  'WrongAnswer',
])

/** With these an object is Stalled while it rests; other work on it is not blocked. */
export const restsStalled: ReadonlySet<Reason> = new Set([...forPeople, 'Drifted'])

export interface Rest {
  spec: GeminiWebhookSpec
  /** Something that a sink names is looked for again. */
  awaitsOthers: boolean
  /** The conditions of the pass before. */
  before: readonly Condition[]
  nowMs: number
}

/**
 * The finding for an object that rests and is not Ready. Tools that read conditions treat `Ready=False` alone as work
 * under way and wait for ever; so it gets one of two: `Reconciling` while it may still become Ready by itself,
 * `Stalled` when a person has to act.
 */
export function findingAtRest({ reason, message }: Judgement, rest: Rest): Finding {
  const isLeft = reason === 'Drifted' && driftPolicyOf(rest.spec) === 'Report'
  const isStalled = (forPeople.has(reason) && !isComing(reason, rest)) || isLeft
  return { type: isStalled ? 'Stalled' : 'Progressing', reason, message }
}

function isComing(reason: Reason, { awaitsOthers, before, nowMs }: Rest): boolean {
  if (!awaitsOthers || (reason !== 'SinkInvalid' && reason !== 'SinkNotReady')) return false
  const known = before.find(({ type }) => type === 'SinksResolved')
  return known?.status !== 'False' || nowMs - Date.parse(known.lastTransitionTime) < waitForOthersMs
}
