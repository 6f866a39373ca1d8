import { integer } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { maxPage } from '../../contract/admin-api/page-limits.ts'
import { exitCodes } from '../run-command.ts'
import { pendingSelection, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { inboxPods, type ReceiverPod } from './receivers.ts'
import { forEachPage } from './selected-pages.ts'
import { selectionFields } from './selection-query.ts'

/** `id`: with the pod that it is in. */
type Pending = AnswerOf<AdminRoutes['listPending']>['pending'][number] & { id: string }

const settings = {
  ...pendingSelection,
  limit: integer({ group: 'Output', help: 'At most so many, of all receivers.', min: 1, max: 100_000, default: '100' }),
  ...visit,
} as const
type DeliveriesConfig = ConfigOf<typeof settings>

/** `gwh deliveries`: what is pending in every inbox, oldest first. */
export const deliveries = userCommand({
  name: 'deliveries',
  summary: 'List deliveries that wait for their next try.',
  about:
    'Lists deliveries that have not ended, oldest first: how often each was tried, when it is tried next, and why it did not end with the last try or hold.',
  example: 'gwh deliveries --webhook=ml/batch-events --sink=worker',
  settings,
  run: showPending,
})

async function showPending(
  config: DeliveriesConfig,
  _names: readonly string[],
  { out, err, receivers: open }: UserCommandDeps,
): Promise<number> {
  const receivers = await open(config)
  try {
    const found: Pending[] = []
    for (const pod of await inboxPods(receivers.pods)) found.push(...(await pendingIn(pod, config)))
    const oldestFirst = found.toSorted((a, b) => a.since.localeCompare(b.since))
    const shown = oldestFirst.slice(0, config.limit)
    const header = ['ID', 'WEBHOOK', 'SINK', 'TYPE', 'SINCE', 'ATTEMPTS', 'NEXT TRY', 'LAST CAUSE', 'EVENT']
    if (config.output === 'json') out(`${JSON.stringify({ pending: shown }, undefined, 2)}\n`)
    else if (shown.length === 0) out('Nothing is pending.\n')
    else out(table(header, shown.map(rowOf)))
    if (shown.length === config.limit)
      err(`gwh deliveries: there may be more than these ${config.limit}; --limit shows more\n`)
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

/** Pages until there are as many as are wanted. */
async function pendingIn({ name, admin }: ReceiverPod, config: DeliveriesConfig): Promise<Pending[]> {
  const found: Pending[] = []
  await forEachPage(
    (cursor) => {
      const limit = Math.min(maxPage, config.limit - found.length)
      const query = { ...selectionFields(config), limit, ...(cursor !== undefined && { cursor }) }
      return admin.ask('listPending', query)
    },
    ({ pending }) => found.push(...pending.map((each) => ({ id: `${name}/${each.deliveryId}`, ...each }))),
    () => found.length >= config.limit,
  )
  return found
}

function rowOf({
  id,
  namespace,
  name,
  sink,
  eventType,
  since,
  attempts,
  state,
  nextTryAt,
  lastCause,
  eventId,
}: Pending) {
  const nextTry = state === 'waiting' ? nextTryAt : 'under way'
  const webhook = `${namespace}/${name}`
  return [id, webhook, sink, eventType, since, attempts, nextTry, lastCause ?? '-', eventId].map(cellOf)
}
