import { setTimeout } from 'node:timers/promises'

import { apiKeyFieldOf } from '../../api/defaults.ts'
import type { PingConfig } from '../../config/webhook-command-settings.ts'
import { recordsIn, textIn } from '../json-fields.ts'
import type { OpenOperator } from '../operator-access.ts'
import { readApiKey } from '../read-api-key.ts'
import type { OpenReceivers, Receivers } from '../deliveries/receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { cellOf } from '../table.ts'
import { webhookNamed } from './webhook-named.ts'

interface Around {
  context: Pick<CommandContext, 'out' | 'err'>
  open: OpenOperator
  openReceivers: OpenReceivers
}

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

/** `gwh ping NAMESPACE/NAME`: 1 when nothing that is verified came in time. */
export async function pingWebhook(config: PingConfig, name: string, around: Around): Promise<number> {
  const { context, open, openReceivers } = around
  const operator = await open(config)
  try {
    const { metadata, spec, status } = await webhookNamed(name, operator.client)
    const id = status?.webhook?.id
    if (id === undefined)
      throw new Error(`${name}: no webhook is registered at Google yet; "gwh status ${name}" tells why`)
    const secret = { namespace: metadata.namespace, name: spec.apiKeySecretRef.name }
    const where = 'spec.apiKeySecretRef'
    const apiKey = await readApiKey(operator.client, { key: secret, field: apiKeyFieldOf(spec), where })
    const service = await operator.openService({ apiKey, fingerprint: '' })
    if (spec.endpoint?.url !== undefined) {
      await service.ping(id)
      const text = `${cellOf(name)}: asked for; what arrives at a server of your own cannot be seen from here`
      context.out(config.output === 'json' ? '{ "asked": true }\n' : `${text}\n`)
      return exitCodes.ok
    }
    const receivers = await openReceivers(config)
    try {
      // Told apart by id: no two clocks are compared.
      const before = new Set((await deliveriesOf(name, receivers)).map(({ eventId }) => eventId))
      await service.ping(id)
      return tell(name, await waitForOther(name, { receivers, before, waitMs: config.waitMs }), config, context)
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
  const query = new URLSearchParams({ namespace, name: object, kind: 'request', limit: String(recentDeliveries) })
  const answers = await Promise.all(
    pods.map(async ({ name: pod, admin }) => {
      const answer = await admin.ask({ method: 'GET', path: `/v1/deliveries?${query.toString()}` })
      return recordsIn(answer, 'deliveries').flatMap((entry): Seen[] => {
        const eventId = textIn(entry, 'eventId')
        return eventId === undefined
          ? []
          : [{ pod, eventId, outcome: cellOf(entry['outcome']), status: cellOf(entry['status']) }]
      })
    }),
  )
  return answers.flat()
}

function tell(
  name: string,
  seen: Seen | undefined,
  { output, waitMs }: PingConfig,
  { out, err }: Around['context'],
): number {
  if (output === 'json') out(`${JSON.stringify({ arrived: seen !== undefined, ...seen }, undefined, 2)}\n`)
  else if (seen !== undefined)
    out(
      `${cellOf(name)}: ${cellOf(seen.eventId)} came to ${seen.pod}, was verified and answered ${seen.status} (${seen.outcome})\n`,
    )
  if (seen !== undefined) return exitCodes.ok
  err(
    `gwh ping: ${name}: Google took the order, and nothing that is verified came in ${waitMs / 1000} s; "gwh status ${name}" follows the way\n`,
  )
  return exitCodes.failed
}
