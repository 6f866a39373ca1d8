import { printedAs, type Output } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { UnjudgedError } from '../unjudged-error.ts'
import type { UserCommandDeps } from '../user-command.ts'
import { UsageError } from '../usage-error.ts'
import type { AdminClient } from './admin-client.ts'
import { keptIn, type KeptList } from './kept-lists.ts'
import { inboxPods, type ReceiverPod, type VisitConfig } from './receivers.ts'
import { forEachPage } from './selected-pages.ts'
import { isSelecting, selectionOf, type Selected, type Selection, type SelectionConfig } from './selection-query.ts'

const idsAtOnce = 500

/** What `replay` and `retry` have in common: they act on deliveries by name or by selection, page by page. */
export interface DeliveryAction {
  readonly command: 'replay' | 'retry'
  /** What it acts on, for messages. */
  readonly what: string
  readonly act: (admin: AdminClient, given: Given) => Promise<{ done: string[]; unknown: string[]; cursor?: string }>
  /** A page of what it may act on. */
  readonly list: KeptList<{ deliveryId: string; namespace: string }>
  /** The field of the JSON output that counts them, and the sentence after their number. */
  readonly counted: string
  readonly says: string
  /** About one that was named and is none. */
  readonly unknown: string
}

type Given = { deliveryIds: string[] } | ((Selection | { all: true }) & { cursor?: string })

interface Outcome {
  done: string[]
  unknown: string[]
}

type ActConfig = Omit<VisitConfig, 'operatorNamespace'> &
  SelectionConfig & { readonly all: boolean; readonly output: Output }

/** Those named as POD/ID, or all that are selected. 1 when one of those named was none (any more). */
export async function actOnDeliveries(
  action: DeliveryAction,
  config: ActConfig,
  names: readonly string[],
  deps: UserCommandDeps,
): Promise<number> {
  const ways = [names.length > 0, isSelecting(config), config.all].filter(Boolean).length
  if (ways !== 1 || names.some((name) => !/^[^/\s]+\/\S+$/.test(name)))
    throw new UsageError(`name ${action.what} as POD/ID, or select them by flags, or give --all: one of the three`)
  const byPod = Map.groupBy(names, (name) => name.slice(0, name.indexOf('/')))
  const isNamed = names.length > 0
  const selected = await selectionOf(isNamed ? { ...config, allNamespaces: true } : config, action.command, deps)
  const pods = isNamed ? [...byPod.keys()] : config.pods
  const receivers = await deps.receivers({ ...config, operatorNamespace: selected.operatorNamespace, pods })
  try {
    const total: Outcome = { done: [], unknown: [] }
    for (const pod of isNamed ? receivers.pods : await inboxPods(receivers.pods)) {
      const ids = byPod.get(pod.name)?.map((name) => name.slice(pod.name.length + 1))
      const { done, unknown } = await (ids === undefined
        ? actOnSelected(action, pod, selected)
        : actOnIds(action, pod, ids))
      for (const id of done) total.done.push(`${pod.name}/${id}`)
      for (const id of unknown) total.unknown.push(`${pod.name}/${id}`)
    }
    const { done, unknown } = total
    const value = { [action.counted]: done.length, unknown }
    deps.out(printedAs(config.output, { value, text: () => `${done.length} ${action.says}\n`, names: done }))
    for (const id of unknown) deps.err(`gwh ${action.command}: ${id}: ${action.unknown}\n`)
    return unknown.length === 0 || !isNamed ? exitCodes.ok : exitCodes.failed
  } finally {
    await receivers.close()
  }
}

async function actOnIds(
  action: DeliveryAction,
  { name, admin }: ReceiverPod,
  ids: readonly string[],
): Promise<Outcome> {
  const total: Outcome = { done: [], unknown: [] }
  for (let at = 0; at < ids.length; at += idsAtOnce) {
    const deliveryIds = ids.slice(at, at + idsAtOnce)
    const answer = await action.act(admin, { deliveryIds })
    const told = answer.done.length + answer.unknown.length
    if (told !== deliveryIds.length)
      throw new UnjudgedError(`${name}: was asked about ${deliveryIds.length} and tells of ${told}`)
    total.done.push(...answer.done)
    total.unknown.push(...answer.unknown)
  }
  return total
}

function paged(cursor: string | undefined): { cursor?: string } {
  return cursor === undefined ? {} : { cursor }
}

/** Page after page: what fails again at once is not taken a second time. */
async function actOnSelected(action: DeliveryAction, pod: ReceiverPod, selected: Selected): Promise<Outcome> {
  const { fields, namespace } = selected
  const total: Outcome = { done: [], unknown: [] }
  const take = ({ done, unknown }: Outcome & { cursor?: string }) => {
    for (const id of done) total.done.push(id)
    for (const id of unknown) total.unknown.push(id)
  }
  if (namespace === undefined) {
    const selection: Selection | { all: true } = Object.keys(fields).length === 0 ? { all: true } : fields
    await forEachPage((cursor) => action.act(pod.admin, { ...selection, ...paged(cursor) }), take)
    return total
  }
  const kept = await keptIn(pod, selected, { list: action.list })
  take(
    await actOnIds(
      action,
      pod,
      kept.map(({ deliveryId }) => deliveryId),
    ),
  )
  return total
}
