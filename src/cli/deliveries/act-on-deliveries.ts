import { exitCodes } from '../run-command.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import type { UserCommandDeps } from '../user-command.ts'
import type { AdminClient } from './admin-client.ts'
import { inboxPods, type ReceiverPod, type VisitConfig } from './receivers.ts'
import { forEachPage } from './selected-pages.ts'
import type { Selection } from './selection-query.ts'

const idsAtOnce = 500

/** What `replay` and `retry` have in common: they act on deliveries by name or by selection, page by page. */
export interface DeliveryAction {
  readonly command: 'replay' | 'retry'
  /** What it acts on, for messages. */
  readonly what: string
  readonly act: (admin: AdminClient, given: Given) => Promise<{ done: string[]; unknown: string[]; cursor?: string }>
  /** The field of the JSON output that counts them, and the sentence after their number. */
  readonly counted: string
  readonly says: string
  /** About one that was named and is none. */
  readonly unknown: string
}

type Given = { deliveryIds: string[] } | ((Selection | { all: true }) & { cursor?: string })

interface Outcome {
  done: number
  unknown: string[]
}

interface ActConfig extends VisitConfig {
  readonly all: boolean
  readonly output: 'text' | 'json'
}

/** Those named as POD/ID, or all that the fields select. 1 when one of those named was none (any more). */
export async function actOnDeliveries(
  action: DeliveryAction,
  { config, fields, names }: { config: ActConfig; fields: Selection; names: readonly string[] },
  { out, err, receivers: open }: Pick<UserCommandDeps, 'out' | 'err' | 'receivers'>,
): Promise<number> {
  const ways = [names.length > 0, Object.keys(fields).length > 0, config.all].filter(Boolean).length
  if (ways !== 1 || names.some((name) => !/^[^/\s]+\/\S+$/.test(name))) {
    err(
      `gwh ${action.command}: name ${action.what} as POD/ID, or select them by flags, or give --all: one of the three\n`,
    )
    return exitCodes.usage
  }
  const byPod = Map.groupBy(names, (name) => name.slice(0, name.indexOf('/')))
  const receivers = await open(names.length === 0 ? config : { ...config, pods: [...byPod.keys()] })
  try {
    const total: Outcome = { done: 0, unknown: [] }
    for (const pod of names.length === 0 ? await inboxPods(receivers.pods) : receivers.pods) {
      const ids = byPod.get(pod.name)?.map((name) => name.slice(pod.name.length + 1))
      const { done, unknown } = await (ids === undefined
        ? actOnSelected(action, pod, fields)
        : actOnIds(action, pod, ids))
      total.done += done
      total.unknown.push(...unknown.map((id) => `${pod.name}/${id}`))
    }
    if (config.output === 'json') {
      out(`${JSON.stringify({ [action.counted]: total.done, unknown: total.unknown }, undefined, 2)}\n`)
    } else out(`${total.done} ${action.says}\n`)
    for (const id of total.unknown) err(`gwh ${action.command}: ${id}: ${action.unknown}\n`)
    return total.unknown.length === 0 || names.length === 0 ? exitCodes.ok : exitCodes.failed
  } finally {
    await receivers.close()
  }
}

async function actOnIds(
  action: DeliveryAction,
  { name, admin }: ReceiverPod,
  ids: readonly string[],
): Promise<Outcome> {
  const total: Outcome = { done: 0, unknown: [] }
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const deliveryIds = ids.slice(at, at + idsAtOnce)
    const answer = await action.act(admin, { deliveryIds })
    const done = answer.done.length
    if (done + answer.unknown.length !== deliveryIds.length) {
      throw new UnjudgedError(
        `${name}: was asked about ${deliveryIds.length} and tells of ${done + answer.unknown.length}`,
      )
    }
    total.done += done
    total.unknown.push(...answer.unknown)
  }
  return total
}

/** Page after page: what fails again at once is not taken a second time. */
async function actOnSelected(action: DeliveryAction, { admin }: ReceiverPod, fields: Selection): Promise<Outcome> {
  const selection: Selection | { all: true } = Object.keys(fields).length === 0 ? { all: true } : fields
  const total: Outcome = { done: 0, unknown: [] }
  await forEachPage(
    (cursor) => action.act(admin, { ...selection, ...(cursor !== undefined && { cursor }) }),
    (page) => {
      total.done += page.done.length
      total.unknown.push(...page.unknown)
    },
  )
  return total
}
