import { readFile } from 'node:fs/promises'

import { signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { signingSecretKeys } from '../../api/names.ts'
import { outboundSettings } from '../../config/outbound-settings.ts'
import { duration, optionalText, text } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { KubernetesClient } from '../../kubernetes/client.ts'
import { secretKind, type Secret } from '../../kubernetes/core-kinds.ts'
import type { OutboundSettings } from '../../outbound/open-outbound.ts'
import { ProxyError } from '../../outbound/proxy-error.ts'
import { signedDelivery, type SignedDelivery } from '../../signature/signed-delivery.ts'
import { decodeIssuedSecret } from '../../signature/signing-secret.ts'
import { failureCauseOf } from '../../sinks/failure-cause.ts'
import { isRecord } from '../../is-record.ts'
import { objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { asUser, namespaceOfObject } from '../shared-settings.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { oneWebhook, slashed, webhookAt } from './webhook-named.ts'

/** What a receiver means by its answer; the phases are those of its documentation. */
const meanings: Readonly<Record<number, string>> = {
  204: 'stored (or known already), and on its way to the sinks',
  400: 'the headers are refused: is something on the way changing them?',
  401: 'the signature or the time is refused: is the Secret what the receiver holds, is the clock here right?',
  404: 'no receiver knows this endpoint: is this the right URL, has the object been deleted?',
  503: 'the receiver asks for a repetition: it is starting, has no room, or a rotation is under way',
}

/** The one answer with which a receiver acknowledges. */
const acknowledged = 204

const settings = {
  type: text({
    group: 'Event',
    help: 'The type of the event.',
    placeholder: 'TYPE',
    pattern: /^[a-z0-9_]{1,64}(\.[a-z0-9_]{1,64}){0,4}$/,
    what: 'an event type such as batch.succeeded',
    default: 'batch.succeeded',
  }),
  dataFile: optionalText({
    group: 'Event',
    help: 'A file with the JSON object that becomes the data of the event. If it is not set, the data is an id that no job has.',
    completes: 'file',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  eventId: optionalText({
    group: 'Event',
    help: 'The webhook-id of the event. A second event with the same id is a duplicate. If it is not set, it is a new one.',
    placeholder: 'ID',
    pattern: /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/,
    what: 'visible ASCII without "." and ","',
  }),
  url: optionalText({
    group: 'Endpoint',
    help: 'Sends it to this URL. If it is not set, it goes to status.endpoint.url.',
    placeholder: 'URL',
    pattern: /^https?:\/\/[^\s]{1,2000}$/,
    what: 'a URL that starts with https:// (or http://)',
  }),
  timeoutMs: duration({
    group: 'Endpoint',
    help: 'Waits this long for the answer.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
  ...outboundSettings,
  namespace: namespaceOfObject,
  ...asUser,
} as const
type SendConfig = ConfigOf<typeof settings>

/** `gwh send NAME`: 1 unless it was acknowledged; 3 where a server that is no receiver answered 2xx. */
export const send = userCommand({
  name: 'send',
  summary: 'Send a signed test event, as Google would.',
  about:
    'Sends an event to the endpoint of a GeminiWebhook as Google would, signed with the secret from its Secret, which you must be allowed to read. A receiver ' +
    'cannot distinguish it: the event is stored and goes to the sinks.',
  example: 'gwh send ml/batch-events --type=batch.failed',
  settings,
  names: oneWebhook,
  run: sendEvent,
})

export async function sendEvent(
  config: SendConfig,
  [object = '']: readonly string[],
  { out, cluster, clock, random }: UserCommandDeps,
): Promise<number> {
  const key = await objectKey(object, config)
  const client = await cluster(config)
  try {
    const webhook = await webhookAt(key, client)
    const url = config.url ?? webhook.status?.endpoint?.url
    if (url === undefined)
      throw new Error(`${slashed(key)}: status.endpoint.url is not known yet: wait for the controller, or give --url`)
    const signingKey = await signingKeyOf(webhook, client)
    // Receivers go by the cluster's time, however wrong the clock of this machine is.
    const nowMs = clock.now() + (client.serverClockSkewMs ?? 0)
    const { eventId: id = `gwh_test_${nowMs.toString(36)}${Math.floor(random() * 2 ** 32).toString(36)}`, type } =
      config
    const data = await dataFor(config, id)
    const delivery = signedDelivery({ id, type, data }, { key: signingKey, nowMs })
    const status = await post(url, { ...delivery, timeoutMs: config.timeoutMs, way: config })
    const says = meanings[status] ?? 'this is no answer of a receiver: look at what stands before it'
    const text = () => `${id} to ${url}: ${status}, ${says}\n`
    out(printedAs(config.output, { value: { eventId: id, url, status }, text }))
    if (status === acknowledged) return exitCodes.ok
    return status >= 200 && status < 300 ? exitCodes.unjudged : exitCodes.failed
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
  const decoded = decodeIssuedSecret(text)
  if (!decoded.ok) throw new Error(`Secret ${namespace}/${name}: key ${signingSecretKeys.current} ${decoded.problem}`)
  return decoded.value
}

/** A job of its own for each event: where jobs are folded, the end of one job is one event, whatever its id is. */
async function dataFor({ dataFile }: SendConfig, eventId: string): Promise<Record<string, unknown>> {
  if (dataFile === undefined) return { id: `batches/${eventId}` }
  const text = await readFile(dataFile, 'utf8')
  try {
    const data: unknown = JSON.parse(text)
    if (isRecord(data)) return data
  } catch {
    // Reported below, like any other text that is no object.
  }
  throw new Error(`--data-file: ${dataFile} is no JSON object`)
}

async function post(
  url: string,
  { headers, body, timeoutMs, way }: SignedDelivery & { timeoutMs: number; way: OutboundSettings },
): Promise<number> {
  const { origin, pathname, search } = new URL(url)
  const { openOutbound } = await import('../../outbound/open-outbound.ts')
  const outbound = openOutbound(way, { connections: 1, keepAlive: false })
  const signal = AbortSignal.timeout(timeoutMs)
  try {
    const answer = await outbound.request({
      origin,
      path: `${pathname}${search}`,
      method: 'POST',
      headers,
      body,
      signal,
    })
    await answer.body.dump({ limit: 16 * 1024, signal }).catch(() => {})
    return answer.statusCode
  } catch (error) {
    const why = signal.aborted ? `no answer in ${timeoutMs / 1000} s` : whyOf(error)
    throw new Error(`${url}: nothing was sent, or nothing came back (${why}); "gwh status" follows the way there`, {
      cause: error,
    })
  } finally {
    await outbound.close()
  }
}

const whyOf = (error: unknown) => (error instanceof ProxyError ? error.message : failureCauseOf(error))
