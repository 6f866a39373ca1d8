import { stringify } from 'yaml'

import { boolean, integer } from '../../config/setting-types.ts'
import type { ConfigOf } from '../../config/setting.ts'
import type { DeliveryEntry } from '../../contract/admin-api/deliveries.ts'
import { exitCodes } from '../run-command.ts'
import { allNamespaces, namespaceOfObjects, output, selection, visit } from '../shared-settings.ts'
import { cellOf } from '../table.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import type { ReceiverPod } from './receivers.ts'
import { selectionOf, type Selection } from './selection-query.ts'

const settings = {
  ...selection,
  recent: integer({
    group: 'Output',
    help: 'Shows so many past deliveries first.',
    min: 0,
    max: 1_000,
    default: '20',
  }),
  follow: boolean({ group: 'Output', help: 'Then shows deliveries as they happen.', default: 'true' }),
  namespace: namespaceOfObjects,
  allNamespaces,
  ...visit,
  output,
} as const
type ListenConfig = ConfigOf<typeof settings>

/**
 * `gwh listen`: the last deliveries of every receiver, then each as it happens, until it is interrupted or no receiver
 * is left.
 */
export const listen = userCommand({
  name: 'listen',
  summary: 'Show deliveries as they happen.',
  about:
    'Shows deliveries as they happen: each request and how it was answered, each step towards a sink. Bodies and signatures are not shown.',
  example: 'gwh listen --webhook=ml/batch-events',
  settings,
  run: listenToDeliveries,
})

async function listenToDeliveries(
  config: ListenConfig,
  _names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const { out, err } = deps
  const { operatorNamespace, namespace, fields: selected } = await selectionOf(config, 'listen', deps)
  const fields = { ...(namespace !== undefined && { namespace }), ...selected }
  const receivers = await deps.receivers({ ...config, operatorNamespace })
  let isUnjudged = false
  const show = (pod: string, entry: DeliveryEntry) => {
    out(asLine(config.output, pod, entry))
  }
  try {
    if (config.recent > 0) await showRecent(receivers.pods, { fields, recent: config.recent }, show)
    if (!config.follow) return exitCodes.ok
    const follow = async ({ name, admin }: ReceiverPod) => {
      try {
        await admin.follow(fields, (entry) => show(name, entry))
        err(`gwh listen: ${name}: the stream ended\n`)
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error)
        if (!(error instanceof UnjudgedError)) return err(`gwh listen: ${name}: ${why}\n`)
        isUnjudged = true
        err(`gwh listen: ${why}\n`)
      }
    }
    await Promise.all(receivers.pods.map(follow))
    return isUnjudged ? exitCodes.unjudged : exitCodes.failed
  } finally {
    await receivers.close()
  }
}

async function showRecent(
  pods: readonly ReceiverPod[],
  { fields, recent }: { fields: Selection; recent: number },
  show: (pod: string, entry: DeliveryEntry) => void,
): Promise<void> {
  const query = { ...fields, limit: recent }
  const seen: { pod: string; at: string; entry: DeliveryEntry }[] = []
  for (const { name: pod, admin } of pods) {
    const { deliveries } = await admin.ask('listRecent', query)
    // They come newest first; of one moment the order of the receiver is kept.
    for (const entry of deliveries.toReversed()) seen.push({ pod, at: entry.at, entry })
  }
  const oldestFirst = seen.toSorted((a, b) => a.at.localeCompare(b.at)).slice(-recent)
  for (const { pod, entry } of oldestFirst) show(pod, entry)
}

/** Pure: one entry as one line, or as one document of a stream of YAML. */
function asLine(form: ListenConfig['output'], pod: string, entry: DeliveryEntry): string {
  if (form === 'yaml') return `---\n${stringify({ pod, ...entry })}`
  return `${form === 'json' ? JSON.stringify({ pod, ...entry }) : lineOf(pod, entry)}\n`
}

function lineOf(pod: string, entry: DeliveryEntry): string {
  const { at, namespace, name, eventId } = entry
  const webhook = name === undefined ? cellOf(entry['route']) : `${cellOf(namespace)}/${cellOf(name)}`
  const words = [cellOf(at), pod, webhook, cellOf(eventId) || '-']
  if (entry.kind === 'request') words.push('<-', cellOf(entry.outcome), cellOf(entry.status))
  else words.push('->', cellOf(entry.sink), ...stepWords(entry))
  return words.filter((word) => word !== '').join(' ')
}

function stepWords({ next, reason, attempt, retryAt }: Extract<DeliveryEntry, { kind: 'step' }>): string[] {
  const tried = attempt === undefined ? '' : `attempt ${attempt.number} ${cellOf(attempt.outcome)}`
  return [tried, ...[attempt?.status, attempt?.cause, next, reason, retryAt].map(cellOf)]
}
