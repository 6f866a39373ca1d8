import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { conditions } from '../../api/conditions.ts'
import { signingSecretNameOf } from '../../api/defaults.ts'
import { destinationFieldNames, type SinkSpec } from '../../api/sink.ts'
import { suspendedSink, type Condition } from '../../api/status.ts'
import { brokenLink, type Link } from '../../cli/link.ts'
import { remedyFor, remedyOf } from '../../cli/remedy.ts'
import { branchOf, type Leader } from '../../cli/status-links.ts'
import { chainOf } from '../../cli/webhook/chain.ts'
import type { Reach } from '../../cli/webhook/reach-endpoint.ts'
import type { LastHour } from '../../contract/page/overview.ts'
import type { ChainLink, ConditionView, SinkView, WebhookDetail } from '../../contract/page/webhook-detail.ts'
import { defined } from '../defined.ts'
import { rowOf } from '../rows/row-of.ts'
import { backfillOf } from './backfill.ts'
import { rotationOf, secretsOf } from './rotation.ts'

interface Around {
  readonly nowMs: number
  /** How far a request from here gets; undefined: not tried. */
  readonly reach: Reach | undefined
  /** Whether a controller runs that keeps the status true. */
  readonly leader: Leader
  readonly lastHour: LastHour
  readonly may: WebhookDetail['may']
}

/** All that the page shows of one GeminiWebhook. Pure. */
export function detailOf(webhook: GeminiWebhook, { nowMs, reach, leader, lastHour, may }: Around): WebhookDetail {
  const { metadata, spec, status } = webhook
  const chain = chainOf(webhook, reach, leader)
  const broken = brokenLink(chain)
  const { endpoint, webhook: remote } = status ?? {}
  return {
    row: rowOf(webhook),
    chain: chain.map(linkView),
    ...(broken !== undefined && { firstBroken: chain.indexOf(broken) }),
    conditions: conditionViews(webhook),
    secretName: status?.signingSecret?.name ?? signingSecretNameOf(webhook),
    secrets: secretsOf(webhook, nowMs),
    rotation: rotationOf(webhook, nowMs),
    backfill: backfillOf(webhook),
    sinks: (spec.sinks ?? []).map((sink) => sinkView(sink, webhook)),
    events: spec.events ?? [],
    ...(endpoint?.url !== undefined && { endpoint: endpoint.url }),
    ...(remote?.id !== undefined && { googleId: remote.id }),
    createdMs: Date.parse(metadata.creationTimestamp),
    lastHour,
    may,
  }
}

/** As the page draws it. */
export function linkView(link: Link): ChainLink {
  const { name, state, says, unjudged } = link
  return {
    name,
    state,
    says,
    ...(unjudged === true && { isUnjudged: true as const }),
    ...defined({ remedy: remedyOf(link), branch: branchOf(name) }),
  }
}

export function conditionViews({ status }: GeminiWebhook | GeminiRoute): ConditionView[] {
  return (status?.conditions ?? []).map(conditionView)
}

function conditionView({ type, status, reason, message, lastTransitionTime }: Condition): ConditionView {
  // A newer controller may write one that this version does not know.
  const question = Object.hasOwn(conditions, type) ? conditions[type].question : ''
  return { type, status, reason, message, lastTransitionTime, question, ...defined({ remedy: remedyFor(reason) }) }
}

/** The address is that of the status: what a URL of the spec carries in its path or query may be a secret. */
export function sinkView(sink: SinkSpec, { status }: GeminiWebhook | GeminiRoute): SinkView {
  const seen = status?.sinks?.find(({ name }) => name === sink.name)
  const { address, reason, failingSince, lastFailure } = seen ?? {}
  return {
    name: sink.name,
    kind: destinationFieldNames.find((destination) => sink[destination] !== undefined) ?? 'unknown',
    isReady: seen?.ready === true,
    ...(reason === suspendedSink && { isSuspended: true as const }),
    ...defined({ address, reason, failingSince, lastFailure }),
    pending: seen?.pending ?? 0,
    deadLetters: seen?.deadLetters ?? 0,
    ...(sink.filter !== undefined && { filter: JSON.stringify(sink.filter) }),
  }
}
