import { setTimeout } from 'node:timers/promises'

import { apiKeyFieldOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Receivers, VisitConfig } from '../deliveries/receivers.ts'
import type { OperatorAccess } from '../operator-access.ts'
import { readApiKey } from '../read-api-key.ts'
import { cellOf } from '../table.ts'
import type { UserCommandDeps } from '../user-command.ts'

/** A verified delivery of the object, as a receiver remembers it. */
export interface Seen {
  pod: string
  eventId: string
  outcome: string
  status: string
}

const pollMs = 500
/** Of each receiver; more than what one object gets while a ping is on its way. */
const recentDeliveries = 200

interface AskDeps {
  readonly operator: OperatorAccess
  readonly deps: Pick<UserCommandDeps, 'receivers'>
}

/**
 * Has Google send a test delivery and waits until a receiver has verified it. `unseen`: it goes to a server of somebody
 * else. Throws where Google could not be asked, naming what is missing.
 */
export async function askForPing(
  { metadata, spec, status }: GeminiWebhook,
  config: VisitConfig & { readonly waitMs: number },
  { operator, deps }: AskDeps,
): Promise<'unseen' | { readonly seen: Seen | undefined }> {
  const name = `${metadata.namespace}/${metadata.name}`
  const id = status?.webhook?.id
  if (id === undefined)
    throw new Error(`${name}: no webhook is registered at Google yet; "gwh status ${name}" tells why`)
  const where = 'spec.apiKeySecretRef'
  if (spec.apiKeySecretRef === undefined)
    throw new Error(`${name}: ${where} is absent, and Google is asked with its key`)
  const secret = { namespace: metadata.namespace, name: spec.apiKeySecretRef.name }
  const apiKey = await readApiKey(operator.client, { key: secret, field: apiKeyFieldOf(spec), where })
  const service = await operator.openService({ apiKey, fingerprint: '' })
  if (spec.endpoint?.url !== undefined) {
    await service.ping(id)
    return 'unseen'
  }
  const receivers = await deps.receivers(config)
  try {
    // Deliveries are distinguished by id: no two clocks are compared.
    const before = new Set((await deliveriesOf(name, receivers)).map(({ eventId }) => eventId))
    await service.ping(id)
    return { seen: await waitForOther(name, { receivers, before, waitMs: config.waitMs }) }
  } finally {
    await receivers.close()
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
