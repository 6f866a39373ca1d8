import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { suspendedSink, type Condition } from '../../api/status.ts'
import { brokenLink } from '../../cli/link.ts'
import { remedyFor } from '../../cli/remedy.ts'
import { chainOf } from '../../cli/webhook/chain.ts'
import type { Health, WebhookRow } from '../../contract/page/overview.ts'
import { defined } from '../defined.ts'

/** What explains the health of an object. */
interface Judgement {
  readonly health: Health
  readonly condition?: Condition | undefined
  readonly message?: string
  readonly remedy?: string
}

/** One GeminiWebhook as the list shows it. Pure. */
export function rowOf(webhook: GeminiWebhook): WebhookRow {
  const { metadata, spec, status } = webhook
  const { namespace, name } = metadata
  const { health, condition, message, remedy = remedyFor(condition?.reason) } = judge(webhook)
  const broken = brokenLink(chainOf(webhook, undefined))?.name
  const isWellDone = health === 'Ready'
  return {
    id: `${namespace}/${name}`,
    namespace,
    name,
    version: metadata.resourceVersion,
    health,
    reason: isWellDone ? '' : (condition?.reason ?? ''),
    message: message ?? (isWellDone ? '' : (condition?.message ?? '')),
    ...defined({
      broken,
      remedy: isWellDone ? undefined : remedy,
      since: condition?.lastTransitionTime,
      atGoogle: status?.webhook?.state,
      lastDelivery: status?.delivery?.lastVerifiedTime,
      secretSince: status?.rotation?.lastRotationTime,
      nextRotation: status?.rotation?.nextRotationTime,
    }),
    events: spec.events?.length ?? 0,
    pending: status?.delivery?.pending ?? 0,
    deadLetters: deadLettersOf(webhook),
    sinks: (spec.sinks ?? []).map((sink) => ({ name: sink.name, isWell: isWell(webhook, sink.name) })),
  }
}

/** The first that holds. An object that time mends is `Progressing`, even where a link is broken meanwhile. */
function judge(webhook: GeminiWebhook): Judgement {
  const { metadata, spec, status } = webhook
  const [ready, stalled] = [conditionOf(webhook, 'Ready'), conditionOf(webhook, 'Stalled')]
  if (metadata.deletionTimestamp !== undefined) return { health: 'Deleting', condition: stalled ?? ready }
  if (spec.suspend === true) return { health: 'Suspended', condition: ready, message: 'spec.suspend is true' }
  if (status?.conditions === undefined) return notLookedAt
  if (stalled?.status === 'True')
    return { health: stalled.reason === 'Suspended' ? 'Suspended' : 'Failed', condition: stalled }
  if (ready?.status !== 'True') {
    const isForPeople = ready?.status === 'False' && remedyFor(ready.reason) !== undefined
    return { health: isForPeople ? 'Failed' : 'Progressing', condition: ready }
  }
  if (status.delivery?.refusingSince !== undefined) return refusing(status.delivery.refusingSince)
  const unhealthy = conditionOf(webhook, 'SinksHealthy')
  if (unhealthy?.status === 'False') return { health: 'SinkFailing', condition: unhealthy }
  const letters = deadLettersOf(webhook)
  if (letters > 0) return { health: 'DeadLetters', ...ofDeadLetters(webhook, letters) }
  if ((status.observedGeneration ?? 0) < metadata.generation)
    return { health: 'Progressing', message: 'the latest change of the spec was not looked at yet' }
  return { health: 'Ready', condition: ready }
}

const notLookedAt: Judgement = {
  health: 'Unknown',
  message: 'no controller has looked at this object',
  remedy: 'See whether a controller runs and watches this namespace.',
}

function refusing(since: string): Judgement {
  return {
    health: 'Failed',
    message: `genuine deliveries have been refused since ${since}`,
    remedy: 'Look at the receivers: their log says why.',
  }
}

function ofDeadLetters({ status }: GeminiWebhook, count: number) {
  const sinks = (status?.sinks ?? []).filter(({ deadLetters = 0 }) => deadLetters > 0).map(({ name }) => name)
  return {
    message: `${count} dead letter${count === 1 ? '' : 's'} of ${sinks.join(', ')}`,
    remedy: 'Repair what they were given up for, then replay them.',
  }
}

function deadLettersOf({ status }: GeminiWebhook): number {
  return (status?.sinks ?? []).reduce((sum, { deadLetters = 0 }) => sum + deadLetters, 0)
}

function isWell({ status }: GeminiWebhook, name: string): boolean {
  const sink = status?.sinks?.find((each) => each.name === name)
  return (sink?.ready !== false || sink.reason === suspendedSink) && sink?.failingSince === undefined
}

function conditionOf({ status }: GeminiWebhook, type: string): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type)
}
