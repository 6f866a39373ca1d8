import { randomBytes } from 'node:crypto'

import type { PlaygroundAction } from '../../../contract/playground/actions.ts'
import type { ActionDone } from '../../../contract/playground/answers.ts'
import { openOutbound } from '../../../outbound/open-outbound.ts'
import { signedDelivery } from '../../../signature/signed-delivery.ts'
import { decodeIssuedSecret } from '../../../signature/signing-secret.ts'
import type { SentRequest } from '../start-simulator.ts'
import { at, registeredWebhook } from './named-webhook.ts'
import { RefusedAction } from './refused-action.ts'
import type { Surroundings } from './surroundings.ts'

type Forge = Extract<PlaygroundAction, { action: 'forgeRequest' }>

const staleMs = 10 * 60_000
const answerWithinMs = 10_000

const forgeries: Readonly<Record<Forge['how'], string>> = {
  otherSecret: 'A request that was signed with another secret',
  stale: 'A genuine request that is ten minutes old',
  changedBody: 'A genuine request whose body was changed',
}

/** One request to the endpoint by another hand than Google's. */
export async function forgeRequest({ webhook: text, how }: Forge, surroundings: Surroundings): Promise<ActionDone> {
  const { webhook, remote, url } = await registeredWebhook(text, surroundings)
  const secrets = surroundings.simulator.admin.secrets(remote.id)
  const status = await post(url, forged(how, secrets.at(-1)?.secret ?? '', surroundings), surroundings)
  const says = `${forgeries[how]} was answered ${status}: see it among the live requests, and that no sink got it.`
  return { says, look: at(webhook) }
}

/** What Google sent last, once more byte for byte. */
export async function replayRequest(text: string, surroundings: Surroundings): Promise<ActionDone> {
  const { webhook, url } = await registeredWebhook(text, surroundings)
  const sent = surroundings.simulator.lastAccepted(url)
  if (sent === undefined)
    throw new RefusedAction(`GeminiWebhook ${text}: Google has sent nothing yet; finish a batch first`)
  const status = await post(url, sent, surroundings)
  const id = sent.headers['webhook-id'] ?? ''
  const says =
    status === 204
      ? `The last request, ${id}, was sent once more byte for byte and answered ${status}: see that it is a duplicate, which no sink gets again.`
      : `The last request, ${id}, was sent once more byte for byte and answered ${status}: see why it is not taken any more.`
  return { says, look: at(webhook) }
}

function forged(how: Forge['how'], genuine: string, { clock, random }: Surroundings): SentRequest {
  const secret = how === 'otherSecret' ? `whsec_${randomBytes(24).toString('base64')}` : genuine
  const key = decodeIssuedSecret(secret)
  if (!key.ok) throw new RefusedAction(`the signing secret ${key.problem}`)
  const id = `msg_forged_${Math.floor(random() * 2 ** 40).toString(36)}`
  const nowMs = clock.now() - (how === 'stale' ? staleMs : 0)
  const event = { id, type: 'batch.succeeded', data: { id: 'batches/forged' } }
  const { headers, body } = signedDelivery(event, { key: key.value, nowMs })
  return { headers, body: how === 'changedBody' ? Buffer.concat([body, Buffer.from(' ')]) : body }
}

/** The status that it was answered with. */
async function post(url: string, { headers, body }: SentRequest, { authorityPath }: Surroundings): Promise<number> {
  const { origin, pathname } = new URL(url)
  const outbound = openOutbound({ trustedCa: authorityPath }, { connections: 1, keepAlive: false })
  const signal = AbortSignal.timeout(answerWithinMs)
  try {
    const sent = { ...headers, connection: 'close' }
    const answer = await outbound.request({ origin, path: pathname, method: 'POST', headers: sent, body, signal })
    await answer.body.dump()
    return answer.statusCode
  } finally {
    await outbound.close()
  }
}
