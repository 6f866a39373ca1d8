import type { ListenConfig } from '../../config/user-settings.ts'
import { isRecord, recordsIn } from '../json-fields.ts'
import type { OpenReceivers, ReceiverPod } from './receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { selectionFields } from './selection-query.ts'
import { cellOf } from '../table.ts'

/** `gwh listen`: the last deliveries of every receiver, then each as it happens, until it is interrupted or no receiver is left. */
export async function listenToDeliveries(
  config: ListenConfig,
  { out, err }: Pick<CommandContext, 'out' | 'err'>,
  open: OpenReceivers,
): Promise<number> {
  const receivers = await open(config)
  const show = (pod: string, entry: unknown) => {
    if (!isRecord(entry)) return
    out(`${config.output === 'json' ? JSON.stringify({ pod, ...entry }) : lineOf(pod, entry)}\n`)
  }
  try {
    if (config.recent > 0) await showRecent(receivers.pods, config, show)
    if (!config.follow) return exitCodes.ok
    const path = `/v1/deliveries/stream?${new URLSearchParams(selectionFields(config)).toString()}`
    const follow = async ({ name, admin }: ReceiverPod) => {
      try {
        await admin.follow(path, (entry) => show(name, entry))
        err(`gwh listen: ${name}: the stream ended\n`)
      } catch (error) {
        err(`gwh listen: ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
      }
    }
    await Promise.all(receivers.pods.map(follow))
    return exitCodes.failed
  } finally {
    await receivers.close()
  }
}

async function showRecent(
  pods: readonly ReceiverPod[],
  config: ListenConfig,
  show: (pod: string, entry: unknown) => void,
): Promise<void> {
  const query = new URLSearchParams({ ...selectionFields(config), limit: String(config.recent) })
  const seen: { pod: string; at: string; entry: Record<string, unknown> }[] = []
  for (const { name: pod, admin } of pods) {
    const answer = await admin.ask({ method: 'GET', path: `/v1/deliveries?${query.toString()}` })
    // They come newest first; of one moment the order of the receiver is kept.
    for (const entry of recordsIn(answer, 'deliveries').toReversed()) seen.push({ pod, at: cellOf(entry['at']), entry })
  }
  const oldestFirst = seen.toSorted((a, b) => a.at.localeCompare(b.at)).slice(-config.recent)
  for (const { pod, entry } of oldestFirst) show(pod, entry)
}

/** Pure: one entry as one line. */
export function lineOf(pod: string, entry: Record<string, unknown>): string {
  const { at, kind, namespace, name, eventId, sink } = entry
  const webhook = name === undefined ? cellOf(entry['route']) : `${cellOf(namespace)}/${cellOf(name)}`
  const words = [cellOf(at), pod, webhook, cellOf(eventId) || '-']
  if (kind === 'request') words.push('<-', cellOf(entry['outcome']), cellOf(entry['status']))
  else words.push('->', cellOf(sink), ...stepWords(entry))
  return words.filter((word) => word !== '').join(' ')
}

function stepWords({ next, reason, attempt, retryAt }: Record<string, unknown>): string[] {
  const { number, outcome, status, cause } = isRecord(attempt) ? attempt : {}
  const tried = number === undefined ? '' : `attempt ${cellOf(number)} ${cellOf(outcome)}`
  return [tried, cellOf(status), cellOf(cause), cellOf(next), cellOf(reason), cellOf(retryAt)]
}
