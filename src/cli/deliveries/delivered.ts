import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { allNamespaces, keptSelection, listLimit, listOutput, namespaceOfObjects, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { firstOfAll, listDelivered, type WithId } from './kept-lists.ts'
import { selectionOf } from './selection-query.ts'

type Delivered = WithId<Awaited<ReturnType<typeof listDelivered>>['found'][number]>

const settings = {
  ...keptSelection,
  limit: listLimit,
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type DeliveredConfig = ConfigOf<typeof settings>

/** `gwh delivered`: what was delivered and is kept, of every inbox, newest first. */
export const delivered = userCommand({
  name: 'delivered',
  summary: 'List delivered events that can be replayed.',
  about:
    'Lists deliveries that succeeded and whose events are kept because their object has delivery.keepDelivered, newest first. ' +
    '`gwh replay` sends them again.',
  example: 'gwh delivered --webhook=ml/batch-events --since=1h',
  settings,
  run: showDelivered,
})

async function showDelivered(
  config: DeliveredConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const chosen = await selectionOf(config, 'delivered', deps)
  const receivers = await deps.receivers({ ...config, operatorNamespace: chosen.operatorNamespace })
  try {
    const shown = await firstOfAll(receivers.pods, chosen, {
      list: listDelivered,
      limit: config.limit,
      order: (a, b) => b.deliveredAt.localeCompare(a.deliveredAt),
    })
    const names = shown.map(({ id }) => id)
    deps.out(printedAs(config.output, { value: { delivered: shown }, text: () => inWords(shown), names }))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

function inWords(all: readonly Delivered[]): string {
  if (all.length === 0) return 'Nothing that was delivered is kept.\n'
  return table(['ID', 'DELIVERED', 'WEBHOOK', 'SINK', 'TYPE', 'KEPT UNTIL', 'EVENT'], all.map(rowOf))
}

function rowOf({ id, deliveredAt, namespace, name, sink, eventType, keptUntil, eventId }: Delivered): string[] {
  return [id, deliveredAt, `${namespace}/${name}`, sink, eventType, keptUntil, eventId].map(cellOf)
}
