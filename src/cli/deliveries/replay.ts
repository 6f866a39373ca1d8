import type { ReplayConfig } from '../../config/user-settings.ts'
import { isRecord, textIn } from '../json-fields.ts'
import { inboxPods, type OpenReceivers, type ReceiverPod } from './receivers.ts'
import { exitCodes, type CommandContext } from '../run-command.ts'
import { selectionFields } from './selection-query.ts'

const idsAtOnce = 500

interface Replayed {
  replayed: number
  unknown: string[]
}

/** `gwh replay`: those named as POD/ID, or all that the flags select. 1 when one of those named was no dead letter (any more). */
export async function replayDeadLetters(
  config: ReplayConfig,
  names: readonly string[],
  { context: { out, err }, open }: { context: Pick<CommandContext, 'out' | 'err'>; open: OpenReceivers },
): Promise<number> {
  const fields = selectionFields(config)
  const ways = [names.length > 0, Object.keys(fields).length > 0, config.all].filter(Boolean).length
  if (ways !== 1 || names.some((name) => !/^[^/\s]+\/\S+$/.test(name))) {
    err('gwh replay: name dead letters as POD/ID, or select them by flags, or give --all: one of the three\n')
    return exitCodes.usage
  }
  const byPod = Map.groupBy(names, (name) => name.slice(0, name.indexOf('/')))
  const receivers = await open(names.length === 0 ? config : { ...config, pods: [...byPod.keys()] })
  try {
    const total: Replayed = { replayed: 0, unknown: [] }
    for (const pod of names.length === 0 ? await inboxPods(receivers.pods) : receivers.pods) {
      const ids = byPod.get(pod.name)?.map((name) => name.slice(pod.name.length + 1))
      const done = ids === undefined ? await replaySelected(pod, fields) : await replayIds(pod, ids)
      total.replayed += done.replayed
      total.unknown.push(...done.unknown.map((id) => `${pod.name}/${id}`))
    }
    if (config.output === 'json') out(`${JSON.stringify(total, undefined, 2)}\n`)
    else out(`${total.replayed} will be sent again.\n`)
    for (const id of total.unknown) err(`gwh replay: ${id}: is no dead letter (any more)\n`)
    return total.unknown.length === 0 || names.length === 0 ? exitCodes.ok : exitCodes.failed
  } finally {
    await receivers.close()
  }
}

async function replayIds({ admin }: ReceiverPod, ids: readonly string[]): Promise<Replayed> {
  const total: Replayed = { replayed: 0, unknown: [] }
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const body = { deliveryIds: ids.slice(at, at + idsAtOnce) }
    add(total, await admin.ask({ method: 'POST', path: '/v1/replay', body }))
  }
  return total
}

/** Page after page: what fails again at once is newer than where the next page begins, and is not taken a second time. */
async function replaySelected({ admin }: ReceiverPod, fields: Record<string, string>): Promise<Replayed> {
  const selection = Object.keys(fields).length === 0 ? { all: true } : fields
  const total: Replayed = { replayed: 0, unknown: [] }
  let cursor: string | undefined
  do {
    const body = { ...selection, ...(cursor !== undefined && { cursor }) }
    const answer = await admin.ask({ method: 'POST', path: '/v1/replay', body })
    add(total, answer)
    cursor = textIn(answer, 'cursor')
  } while (cursor !== undefined)
  return total
}

function add(total: Replayed, answer: unknown): void {
  const { replayed, unknown } = isRecord(answer) ? answer : {}
  if (Array.isArray(replayed)) total.replayed += replayed.length
  if (Array.isArray(unknown)) total.unknown.push(...unknown.map(String))
}
