import { kindName } from '../../../api/kind.ts'
import type { PlaygroundAction } from '../../../contract/playground/actions.ts'
import type { ActionDone } from '../../../contract/playground/answers.ts'
import { formatTime } from '../../../format-time.ts'
import { secretKind } from '../../../kubernetes/core-kinds.ts'
import { unreachable } from '../../../unreachable.ts'
import { finishJob } from './finish-job.ts'
import { at, namedWebhook, registeredWebhook } from './named-webhook.ts'
import { RefusedAction } from './refused-action.ts'
import { forgeRequest, replayRequest } from './requests.ts'
import { createSample, deleteSample } from './samples.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * Does to the surroundings of the operator what somebody asks for, and says in one sentence what was done and what to
 * look at. Throws a RefusedAction where it cannot be done as things are.
 */
export async function act(action: PlaygroundAction, surroundings: Surroundings): Promise<ActionDone> {
  switch (action.action) {
    case 'createSample':
      return createSample(action.sample, surroundings)
    case 'deleteSample':
      return deleteSample(action.sample, surroundings)
    case 'finishJob':
      return finishJob(action, surroundings)
    case 'breakWorker':
      return breakWorker(action.status, surroundings)
    case 'mendWorker':
      surroundings.worker.refuseWith(undefined)
      return {
        says: 'The worker accepts events again: see what waits follow by itself; dead letters wait for a replay.',
        look: { at: 'pending' },
      }
    case 'deleteSecret':
      return deleteSecret(action.webhook, surroundings)
    case 'rotateAtGoogle':
      return rotateAtGoogle(action, surroundings)
    case 'forgeRequest':
      return forgeRequest(action, surroundings)
    case 'replayRequest':
      return replayRequest(action.webhook, surroundings)
    case 'giveUp':
      return giveUp(action.webhook, surroundings)
    case 'advanceClock':
      return advanceClock(action.seconds, surroundings)
    default:
      return unreachable(action)
  }
}

function breakWorker(status: 400 | 503, { worker }: Surroundings): ActionDone {
  worker.refuseWith(status)
  return status === 400
    ? {
        says: 'The worker answers 400 from now on: finish a batch, and see its event become a dead letter at once.',
        look: { at: 'deadLetters' },
      }
    : {
        says: 'The worker answers 503 from now on: finish a batch, and see its event wait and be tried again.',
        look: { at: 'pending' },
      }
}

async function deleteSecret(text: string, surroundings: Surroundings): Promise<ActionDone> {
  const webhook = await namedWebhook(text, surroundings)
  const { namespace } = webhook.metadata
  const name = webhook.status?.signingSecret?.name
  const key = { namespace, name: name ?? '' }
  if (name === undefined || (await surroundings.client.get(secretKind, key)) === undefined)
    throw new RefusedAction(`${kindName} ${text}: has no Secret with what Google signs with; wait until it is there`)
  await surroundings.client.delete(secretKind, key)
  return {
    says: `Secret ${namespace}/${name}, whose content Google never shows again, is deleted: see it come back as it was, without a rotation.`,
    look: at(webhook),
  }
}

async function rotateAtGoogle(
  { webhook: text, revokePrevious }: Extract<PlaygroundAction, { action: 'rotateAtGoogle' }>,
  surroundings: Surroundings,
): Promise<ActionDone> {
  const { webhook, remote } = await registeredWebhook(text, surroundings)
  const behavior = revokePrevious ? 'revoke_previous_secrets_immediately' : 'revoke_previous_secrets_after_h24'
  surroundings.simulator.admin.rotateWebhook(remote.id, behavior)
  return {
    says: `Somebody else has rotated the secret of ${text} at Google, which the operator never saw: see it notice, and rotate once more to have one that it knows.`,
    look: at(webhook),
  }
}

async function advanceClock(seconds: number, { simulator, clock }: Surroundings): Promise<ActionDone> {
  await simulator.admin.advance(seconds * 1000)
  return {
    says: `It is ${formatTime(clock.now())} for Google, the cluster and the operator, not for this machine: see what has become due.`,
    look: { at: 'overview' },
  }
}

async function giveUp(text: string, surroundings: Surroundings): Promise<ActionDone> {
  const { webhook, remote } = await registeredWebhook(text, surroundings)
  surroundings.simulator.admin.autoDisable(remote.id)
  return {
    says: `Google has given up on ${text} and disabled its webhook, as after too many failed deliveries: see the operator probe the endpoint, and enable it again.`,
    look: at(webhook),
  }
}
