import { sleep } from '../../../clock.ts'
import { dynamicSecretNameOf } from '../../../api/defaults.ts'
import type { GeminiWebhook } from '../../../api/gemini-webhook.ts'
import { geminiWebhookKind, kindName } from '../../../api/kind.ts'
import type { PlaygroundAction } from '../../../contract/playground/actions.ts'
import type { ActionDone } from '../../../contract/playground/answers.ts'
import { secretKind, type Secret } from '../../../kubernetes/core-kinds.ts'
import { sandboxProject } from '../start-simulator.ts'
import { namedWebhook } from './named-webhook.ts'
import { RefusedAction } from './refused-action.ts'
import type { Surroundings } from './surroundings.ts'

type FinishJob = Extract<PlaygroundAction, { action: 'finishJob' }>

const answerWithinMs = 5_000
const pollMs = 20

/** A job of the sandbox's project begins and ends at once. Says how its first event was answered. */
export async function finishJob(
  { job: type, outcome, dynamic }: FinishJob,
  surroundings: Surroundings,
): Promise<ActionDone> {
  const { admin } = surroundings.simulator
  const target = dynamic === undefined ? undefined : await dynamicTarget(dynamic, surroundings)
  const job = admin.createJob({
    project: sandboxProject,
    type,
    displayName: 'from the playground',
    ...(target !== undefined && { webhookConfig: { uris: [target.uri] } }),
  })
  const [first, ...others] = admin.finishJob(job.id, outcome).deliveryIds
  const ended = `The ${type} ${job.id} ended as "${outcome}"`
  if (first === undefined) {
    const says = `${ended}, and no webhook at Google wants ${type}.${outcome}: create an object that does, and look at its events.`
    return { says, look: { at: 'overview' } }
  }
  const { eventId, webhookId, answer } = await answered(first, surroundings)
  const receiver = target?.webhook ?? (await webhookWithId(webhookId, surroundings))
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`
  const says = `${ended}, and its event ${eventId}${more} ${answer}: see what became of it.`
  if (receiver === undefined) return { says, look: { at: 'received' } }
  const { namespace, name } = receiver.metadata
  return { says, look: { at: 'delivery', namespace, name, eventId } }
}

/** The address that the object publishes for jobs, as a job would mount it. */
async function dynamicTarget(text: string, surroundings: Surroundings) {
  const webhook = await namedWebhook(text, surroundings)
  const { namespace } = webhook.metadata
  const name = dynamicSecretNameOf(webhook)
  if (name === undefined)
    throw new RefusedAction(`${kindName} ${text}: has no spec.dynamic; choose an object with an endpoint for jobs`)
  const secret = await surroundings.client.get<Secret>(secretKind, { namespace, name })
  const uri = Buffer.from(secret?.data?.['uri'] ?? '', 'base64').toString('utf8')
  if (uri !== '') return { webhook, uri }
  throw new RefusedAction(`Secret ${namespace}/${name}: has no uri yet; wait until the endpoint is published`)
}

/** How the first attempt ended, once it has. */
async function answered(deliveryId: string, { simulator, clock }: Surroundings) {
  const find = () => simulator.admin.deliveries().find((each) => each.deliveryId === deliveryId)
  const untilMs = clock.monotonic() + answerWithinMs
  let delivery = find()
  while (delivery?.state === 'pending' && delivery.attempts.length === 0 && clock.monotonic() < untilMs) {
    await sleep(clock, pollMs)
    delivery = find()
  }
  const { eventId = '', webhookId, attempts: [attempt] = [], reason } = delivery ?? {}
  return { eventId, webhookId, answer: howAnswered(attempt, reason) }
}

function howAnswered(attempt: { status?: number; error?: string } | undefined, reason: string | undefined): string {
  if (attempt?.status !== undefined) return `was answered ${attempt.status}`
  if (attempt !== undefined) return `was not answered (${attempt.error ?? 'no reason'}) and is sent again`
  return reason === undefined ? 'is on its way' : `was not sent, because the webhook is ${reason}`
}

async function webhookWithId(
  id: string | undefined,
  { client }: Pick<Surroundings, 'client'>,
): Promise<GeminiWebhook | undefined> {
  const { items } = await client.list<GeminiWebhook>(geminiWebhookKind)
  return items.find(({ status }) => id !== undefined && status?.webhook?.id === id)
}
