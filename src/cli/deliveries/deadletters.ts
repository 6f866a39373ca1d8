import type { DeadLettersConfig } from '../../config/user-settings.ts'
import { recordsIn, textIn } from '../json-fields.ts'
import { inboxPods, type OpenReceivers, type ReceiverPod } from './receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { selectionFields } from './selection-query.ts'
import { cellOf, table } from '../table.ts'

const pageSize = 1_000

/** `gwh deadletters`: what was given up, of every inbox, newest first; or the body of one. */
export async function showDeadLetters(
  config: DeadLettersConfig,
  { out }: Pick<CommandContext, 'out'>,
  open: OpenReceivers,
): Promise<number> {
  const [bodyPod, ...bodyId] = config.body?.split('/') ?? []
  const receivers = await open(bodyPod === undefined ? config : { ...config, pods: [bodyPod] })
  try {
    const [first] = receivers.pods
    if (bodyPod !== undefined && first !== undefined) {
      out(await readBody(first, bodyId.join('/')))
      return exitCodes.ok
    }
    const letters: Record<string, unknown>[] = []
    for (const pod of await inboxPods(receivers.pods)) letters.push(...(await lettersOf(pod, config)))
    const newest = letters.toSorted((a, b) => cellOf(b['endedAt']).localeCompare(cellOf(a['endedAt'])))
    const shown = newest.slice(0, config.limit)
    if (config.output === 'json') out(`${JSON.stringify({ deadLetters: shown }, undefined, 2)}\n`)
    else if (shown.length === 0) out('No dead letters.\n')
    else out(table(['ID', 'GIVEN UP', 'WEBHOOK', 'SINK', 'TYPE', 'REASON', 'ATTEMPTS', 'EVENT'], shown.map(rowOf)))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

/** Pages until there are as many as are wanted. */
async function lettersOf({ name, admin }: ReceiverPod, config: DeadLettersConfig): Promise<Record<string, unknown>[]> {
  const found: Record<string, unknown>[] = []
  let cursor: string | undefined
  do {
    const limit = String(Math.min(pageSize, config.limit - found.length))
    const query = new URLSearchParams({ ...selectionFields(config), limit, ...(cursor !== undefined && { cursor }) })
    const answer = await admin.ask({ method: 'GET', path: `/v1/deadletters?${query.toString()}` })
    for (const letter of recordsIn(answer, 'deadLetters')) {
      found.push({ id: `${name}/${cellOf(letter['deliveryId'])}`, ...letter })
    }
    cursor = textIn(answer, 'cursor')
  } while (cursor !== undefined && found.length < config.limit)
  return found
}

async function readBody({ admin }: ReceiverPod, deliveryId: string): Promise<string> {
  const path = `/v1/deadletters/body?${new URLSearchParams({ deliveryId }).toString()}`
  const body = textIn(await admin.ask({ method: 'GET', path }), 'bodyBase64') ?? ''
  return Buffer.from(body, 'base64').toString('utf8')
}

function rowOf(letter: Record<string, unknown>): string[] {
  const { id, endedAt, namespace, name, sink, eventType, reason, attempts, eventId } = letter
  const webhook = `${cellOf(namespace)}/${cellOf(name)}`
  return [id, endedAt, webhook, sink, eventType, reason, attempts, eventId].map(cellOf)
}
