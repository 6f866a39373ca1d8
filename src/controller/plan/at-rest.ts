import { driftPolicyOf } from '../../api/defaults.ts'
import type { GeminiWebhookSpec } from '../../api/spec.ts'
import type { Reason } from '../../api/reasons.ts'
import type { Condition } from '../../api/status.ts'
import type { Judgement } from '../facts/judgement.ts'
import type { Finding } from './result.ts'

/**
 * How long something that others have to bring, such as a Service, counts as on its way. Health checks of GitOps tools
 * wait about as long.
 */
const waitForOthersMs = 5 * 60_000

/** Where somebody has to see to it, though it is tried again. */
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

/** With these an object is Stalled while it rests: nothing is in the way of whatever else comes up. */
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
 * What an object that rests and is not Ready is to be called. Tools that read conditions take `Ready=False` alone for
 * work under way and wait for ever; so it is either: `Reconciling` while it may still come by itself, `Stalled` when
 * somebody has to see to it.
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
