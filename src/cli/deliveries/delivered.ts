import { integer } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { allNamespaces, keptSelection, listOutput, namespaceOfObjects, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { keptIn, listDelivered } from './kept-lists.ts'
import { inboxPods } from './receivers.ts'
import { selectionOf } from './selection-query.ts'

/** `id`: with the pod that it is in. */
type Delivered = Awaited<ReturnType<typeof listDelivered>>['found'][number] & { id: string }

const settings = {
  ...keptSelection,
  limit: integer({
    group: 'Output',
    help: 'Shows at most so many, of all receivers together.',
    min: 1,
    max: 100_000,
    default: '100',
  }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type DeliveredConfig = ConfigOf<typeof settings>

/** `gwh delivered`: what was delivered and is kept, of every inbox, newest first. */
export const delivered = userCommand({
  name: 'delivered',
  summary: 'List what was delivered and can be replayed.',
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
    const found: Delivered[] = []
    const asked = { list: listDelivered, limit: config.limit }
    for (const pod of await inboxPods(receivers.pods)) found.push(...(await keptIn(pod, chosen, asked)))
    const newest = found.toSorted((a, b) => b.deliveredAt.localeCompare(a.deliveredAt))
    const shown = newest.slice(0, config.limit)
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
