import { readFile } from 'node:fs/promises'

import { Agent } from 'undici'

import { signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { signingSecretKeys } from '../../api/names.ts'
import type { Clock } from '../../clock.ts'
import type { SendConfig } from '../../config/webhook-command-settings.ts'
import { secretKind, type Secret } from '../../controller/kinds.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { signatureHeader } from '../../signature/sign.ts'
import { decodeSigningSecret } from '../../signature/signing-secret.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'
import { isRecord } from '../json-fields.ts'
import type { OpenCluster } from '../operator-access.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { webhookNamed } from './webhook-named.ts'

interface Around {
  context: Pick<CommandContext, 'out'>
  open: OpenCluster
  clock: Clock
  random: () => number
}

/** What a receiver means by its answer; the phases are those of its documentation. */
const meanings: Readonly<Record<number, string>> = {
  204: 'stored (or known already), and on its way to the sinks',
  400: 'the headers are refused: is something on the way changing them?',
  401: 'the signature or the time is refused: is the Secret what the receiver holds, is the clock here right?',
  404: 'no receiver knows this endpoint: is this the right URL, has the object been deleted?',
  503: 'the receiver asks for a repetition: it is starting, has no room, or a rotation is under way',
}

/** `gwh send NAMESPACE/NAME`: 1 unless it was acknowledged. */
export async function sendEvent(
  config: SendConfig,
  name: string,
  { context, open, clock, random }: Around,
): Promise<number> {
  const client = await open(config)
  try {
    const webhook = await webhookNamed(name, client)
    const url = config.url ?? webhook.status?.endpoint?.url
    if (url === undefined)
      throw new Error(`${name}: status.endpoint.url is not known yet: wait for the controller, or give --url`)
    const key = await signingKeyOf(webhook, client)
    const data = await dataFor(config)
    const nowMs = clock.now()
    const { eventId: id = `gwh_test_${nowMs.toString(36)}${Math.floor(random() * 2 ** 32).toString(36)}`, type } =
      config
    const body = Buffer.from(JSON.stringify({ type, version: 'v1', timestamp: new Date(nowMs).toISOString(), data }))
    const timestamp = String(Math.floor(nowMs / 1000))
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': signatureHeader({ id, timestamp }, body, [key]),
    }
    const status = await post(url, { headers, body, timeoutMs: config.timeoutMs })
    const says = meanings[status] ?? 'this is no answer of a receiver: look at what stands before it'
    if (config.output === 'json') context.out(`${JSON.stringify({ eventId: id, url, status }, undefined, 2)}\n`)
    else context.out(`${id} to ${url}: ${status}, ${says}\n`)
    return status >= 200 && status < 300 ? exitCodes.ok : exitCodes.failed
  } finally {
    await client.close()
  }
}

/** Messages name the Secret and the key, never the text. */
async function signingKeyOf(webhook: GeminiWebhook, client: KubernetesClient) {
  const { namespace } = webhook.metadata
  const name = webhook.status?.signingSecret?.name ?? signingSecretNameOf(webhook)
  const secret = await client.get<Secret>(secretKind, { namespace, name })
  if (secret === undefined)
    throw new Error(`Secret ${namespace}/${name}: does not exist: wait until the webhook is registered`)
  const text = Buffer.from(secret.data?.[signingSecretKeys.current] ?? '', 'base64').toString('utf8')
  const decoded = decodeSigningSecret(text)
  if (!decoded.valid)
    throw new Error(`Secret ${namespace}/${name}: key ${signingSecretKeys.current} ${decoded.problem}`)
  return decoded.key
}

async function dataFor({ dataFile }: SendConfig): Promise<Record<string, unknown>> {
  if (dataFile === undefined) return { id: 'batches/gwh-send-test' }
  const text = await readFile(dataFile, 'utf8')
  try {
    const data: unknown = JSON.parse(text)
    if (isRecord(data)) return data
  } catch {
    // Told below, like any other text that is no object.
  }
  throw new Error(`--data-file: ${dataFile} is no JSON object`)
}

async function post(
  url: string,
  { headers, body, timeoutMs }: { headers: Record<string, string>; body: Buffer; timeoutMs: number },
): Promise<number> {
  const { origin, pathname, search } = new URL(url)
  const agent = new Agent({ connections: 1, pipelining: 0 })
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await agent.request({ origin, path: `${pathname}${search}`, method: 'POST', headers, body, signal })
    await answer.body.dump({ limit: 16 * 1024, signal }).catch(() => {})
    return answer.statusCode
  } catch (error) {
    const why = signal.aborted ? `no answer in ${timeoutMs / 1000} s` : failureCauseOf(error)
    throw new Error(`${url}: nothing was sent, or nothing came back (${why}); "gwh status" follows the way there`, {
      cause: error,
    })
  } finally {
    await agent.destroy()
  }
}
