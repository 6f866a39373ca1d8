import { setTimeout } from 'node:timers/promises'

import { apiKeyFieldOf } from '../../api/defaults.ts'
import { duration } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { googleSettings } from '../../config/shared-settings.ts'
import type { Receivers } from '../deliveries/receivers.ts'
import { locateBy, objectKey } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { readApiKey } from '../read-api-key.ts'
import { exitCodes } from '../run-command.ts'
import { listOutput, namespaceOfObject, visit } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { oneWebhook, resourceName, slashed, webhookAt } from './webhook-named.ts'

/** A verified delivery of the object, as a receiver remembers it. */
interface Seen {
  pod: string
  eventId: string
  outcome: string
  status: string
}

const pollMs = 500
/** Of each receiver; more than what one object gets while a ping is on its way. */
const recentDeliveries = 200

const settings = {
  waitMs: duration({
    group: 'Receivers',
    help: 'Waits so long for the delivery.',
    min: '0s',
    max: '10m',
    default: '30s',
  }),
  ...googleSettings,
  namespace: namespaceOfObject,
  ...visit,
  output: listOutput,
} as const
type PingConfig = ConfigOf<typeof settings>

/** `gwh ping NAME`: 1 when nothing that is verified came in time. */
export const ping = userCommand({
  name: 'ping',
  summary: 'Ask Google for a test delivery, and wait until it arrives.',
  about:
    'Asks Google for a test delivery to a GeminiWebhook and waits until a receiver has verified it. It takes the API key from the Secret that the object names, which ' +
    'you must be allowed to read, and finds the delivery in the feeds of the receivers.',
  example: 'gwh ping ml/batch-events',
  settings,
  names: oneWebhook,
  run: pingWebhook,
})

export async function pingWebhook(
  config: PingConfig,
  [object = '']: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const operator = await deps.operator(config)
  try {
    const places = await locateBy(operator.client, config, { command: 'ping', otherwise: 'context', object }, deps)
    const key = await objectKey(object, { ...config, ...places })
    const name = slashed(key)
    const { metadata, spec, status } = await webhookAt(key, operator.client)
    const id = status?.webhook?.id
    if (id === undefined)
      throw new Error(`${name}: no webhook is registered at Google yet; "gwh status ${name}" tells why`)
    const secret = { namespace: metadata.namespace, name: spec.apiKeySecretRef.name }
    const where = 'spec.apiKeySecretRef'
    const apiKey = await readApiKey(operator.client, { key: secret, field: apiKeyFieldOf(spec), where })
    const service = await operator.openService({ apiKey, fingerprint: '' })
    if (spec.endpoint?.url !== undefined) {
      await service.ping(id)
      const text = () => `${cellOf(name)}: asked for; what arrives at a server of your own cannot be seen from here\n`
      deps.out(printedAs(config.output, { value: { asked: true }, text, names: [resourceName(key.name)] }))
      return exitCodes.ok
    }
    const receivers = await deps.receivers({ ...config, ...places })
    try {
      // Deliveries are distinguished by id: no two clocks are compared.
      const before = new Set((await deliveriesOf(name, receivers)).map(({ eventId }) => eventId))
      await service.ping(id)
      return printOutcome(name, await waitForOther(name, { receivers, before, waitMs: config.waitMs }), config, deps)
    } finally {
      await receivers.close()
    }
  } finally {
    await operator.close()
  }
}

async function waitForOther(
  name: string,
  { receivers, before, waitMs }: { receivers: Receivers; before: ReadonlySet<string>; waitMs: number },
): Promise<Seen | undefined> {
  for (let waitedMs = 0; ; waitedMs += pollMs) {
    const seen = (await deliveriesOf(name, receivers)).find(({ eventId }) => !before.has(eventId))
    if (seen !== undefined || waitedMs >= waitMs) return seen
    await setTimeout(pollMs)
  }
}

async function deliveriesOf(name: string, { pods }: Receivers): Promise<Seen[]> {
  const [namespace = '', object = ''] = name.split('/')
  const query = { namespace, name: object, kind: 'request', limit: recentDeliveries }
  const answers = await Promise.all(
    pods.map(async ({ name: pod, admin }) => {
      const { deliveries } = await admin.ask('listRecent', query)
      return deliveries.flatMap((entry): Seen[] =>
        entry.kind === 'step' || entry.eventId === undefined
          ? []
          : [{ pod, eventId: entry.eventId, outcome: cellOf(entry.outcome), status: cellOf(entry.status) }],
      )
    }),
  )
  return answers.flat()
}

function printOutcome(
  name: string,
  seen: Seen | undefined,
  { output, waitMs }: PingConfig,
  { out, err }: UserCommandDeps,
): number {
  const [, object = ''] = name.split('/')
  const text = () => (seen === undefined ? '' : `${cellOf(name)}: ${inWords(seen)}\n`)
  const names = seen === undefined ? [] : [resourceName(object)]
  out(printedAs(output, { value: { arrived: seen !== undefined, ...seen }, text, names }))
  if (seen !== undefined) return exitCodes.ok
  err(
    `gwh ping: ${name}: Google took the order, and nothing that is verified came in ${waitMs / 1000} s; "gwh status ${name}" follows the way\n`,
  )
  return exitCodes.failed
}

function inWords({ eventId, pod, status, outcome }: Seen): string {
  return `${cellOf(eventId)} came to ${pod}, was verified and answered ${status} (${outcome})`
}
