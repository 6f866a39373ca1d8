import { integer, optionalText } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { maxPage } from '../../contract/admin-api/page-limits.ts'
import { exitCodes } from '../run-command.ts'
import { deadLetterSelection, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { inboxPods, type ReceiverPod } from './receivers.ts'
import { forEachPage } from './selected-pages.ts'
import { selectionFields } from './selection-query.ts'

/** `id`: with the pod that it is in. */
type Letter = AnswerOf<AdminRoutes['listDeadLetters']>['deadLetters'][number] & { id: string }

const settings = {
  ...deadLetterSelection,
  limit: integer({ group: 'Output', help: 'At most so many, of all receivers.', min: 1, max: 100_000, default: '100' }),
  body: optionalText({
    group: 'Output',
    help: 'Print the body of this one dead letter instead, as Google sent it.',
    placeholder: 'POD/ID',
    pattern: /^[^\s/]{1,253}\/[^\s]{1,512}$/,
    what: 'an ID as the list shows it',
  }),
  ...visit,
} as const
type DeadLettersConfig = ConfigOf<typeof settings>

/** `gwh deadletters`: what was given up, of every inbox, newest first; or the body of one. */
export const deadLetters = userCommand({
  name: 'deadletters',
  summary: 'List deliveries that were given up.',
  about:
    'Lists deliveries that were given up, newest first. They can be replayed for 30 days, unless deadLetterKeep of the receiver says otherwise.',
  example: 'gwh deadletters --webhook=ml/batch-events --since=2026-11-21T09:00:00Z',
  settings,
  run: showDeadLetters,
})

async function showDeadLetters(
  config: DeadLettersConfig,
  _names: readonly string[],
  { out, receivers: open }: UserCommandDeps,
): Promise<number> {
  const [bodyPod, ...bodyId] = config.body?.split('/') ?? []
  const receivers = await open(bodyPod === undefined ? config : { ...config, pods: [bodyPod] })
  try {
    const [first] = receivers.pods
    if (bodyPod !== undefined && first !== undefined) {
      out(await readBody(first, bodyId.join('/')))
      return exitCodes.ok
    }
    const letters: Letter[] = []
    for (const pod of await inboxPods(receivers.pods)) letters.push(...(await lettersOf(pod, config)))
    const newest = letters.toSorted((a, b) => b.endedAt.localeCompare(a.endedAt))
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
async function lettersOf({ name, admin }: ReceiverPod, config: DeadLettersConfig): Promise<Letter[]> {
  const found: Letter[] = []
  await forEachPage(
    (cursor) => {
      const limit = Math.min(maxPage, config.limit - found.length)
      const query = { ...selectionFields(config), limit, ...(cursor !== undefined && { cursor }) }
      return admin.ask('listDeadLetters', query)
    },
    ({ deadLetters }) => found.push(...deadLetters.map((each) => ({ id: `${name}/${each.deliveryId}`, ...each }))),
    () => found.length >= config.limit,
  )
  return found
}

async function readBody({ admin }: ReceiverPod, deliveryId: string): Promise<string> {
  const { bodyBase64 } = await admin.ask('readDeadLetterBody', { deliveryId })
  return Buffer.from(bodyBase64, 'base64').toString('utf8')
}

function rowOf({ id, endedAt, namespace, name, sink, eventType, reason, attempts, eventId }: Letter): string[] {
  const webhook = `${namespace}/${name}`
  return [id, endedAt, webhook, sink, eventType, reason, attempts, eventId].map(cellOf)
}
