import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import {
  allNamespaces,
  listLimit,
  listOutput,
  namespaceOfObjects,
  pendingSelection,
  visit,
} from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { firstOfAll, listPending, type WithId } from './kept-lists.ts'
import { selectionOf } from './selection-query.ts'

type Pending = WithId<Awaited<ReturnType<typeof listPending>>['found'][number]>

const settings = {
  ...pendingSelection,
  limit: listLimit,
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
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
  deps: UserCommandDeps,
): Promise<number> {
  const { out, err } = deps
  const chosen = await selectionOf(config, 'deliveries', deps)
  const receivers = await deps.receivers({ ...config, operatorNamespace: chosen.operatorNamespace })
  try {
    const shown = await firstOfAll(receivers.pods, chosen, {
      list: listPending,
      limit: config.limit,
      order: (a, b) => a.since.localeCompare(b.since),
    })
    const names = shown.map(({ id }) => id)
    out(printedAs(config.output, { value: { pending: shown }, text: (isWide) => inWords(shown, isWide), names }))
    if (shown.length === config.limit)
      err(`gwh deliveries: there may be more than these ${config.limit}; --limit shows more\n`)
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

const columns = ['ID', 'WEBHOOK', 'SINK', 'TYPE', 'SINCE', 'ATTEMPTS', 'NEXT TRY', 'LAST CAUSE', 'EVENT']
const moreColumns = ['LAST STEP', 'REPLAYED']

function inWords(pending: readonly Pending[], isWide: boolean): string {
  if (pending.length === 0) return 'Nothing is pending.\n'
  return table(
    isWide ? [...columns, ...moreColumns] : columns,
    pending.map((each) => rowOf(each, isWide)),
  )
}

function rowOf(each: Pending, isWide: boolean): string[] {
  const { id, sink, eventType, since, attempts, eventId, lastCause = '-', lastStepAt = '-', replayed } = each
  const nextTry = each.state === 'waiting' ? each.nextTryAt : 'under way'
  const row = [id, `${each.namespace}/${each.name}`, sink, eventType, since, attempts, nextTry, lastCause, eventId]
  return [...row, ...(isWide ? [lastStepAt, replayed] : [])].map(cellOf)
}
