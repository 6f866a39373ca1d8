import type { ReceiverPod } from '../../cli/deliveries/receivers.ts'
import type { PagedSelection, Selection } from '../../contract/page/actions.ts'
import type { DeadLetter, DeliveryPage, PendingDelivery, SelectionCount } from '../../contract/page/deliveries.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { defined } from '../defined.ts'
import { messageOf } from '../message-of.ts'
import type { OpenedReceivers } from '../receivers/opened-receivers.ts'
import { readPlaces, writePlaces, type Places } from './places.ts'

/** Of each receiver. */
const pageSize = 100
const countedAtOnce = 1_000
/** Who asks whether to replay more than so many is told "at least". */
const maxCounted = 20_000

interface Page<Item> {
  readonly items: readonly Item[]
  readonly cursor?: string
}

/** One page of one receiver. */
type Ask<Item> = (pod: ReceiverPod, given: Selection & { limit: number; cursor?: string }) => Promise<Page<Item>>

type LetterTold = AnswerOf<AdminRoutes['listDeadLetters']>['deadLetters'][number]
type PendingTold = AnswerOf<AdminRoutes['listPending']>['pending'][number]

export const askDeadLetters: Ask<DeadLetter> = async ({ name: pod, admin }, given) => {
  const { cause: _, ...query } = given
  const { deadLetters, cursor } = await admin.ask('listDeadLetters', query)
  return { items: deadLetters.map((told) => deadLetterOf(pod, told)), ...defined({ cursor }) }
}

export const askPending: Ask<PendingDelivery> = async ({ name: pod, admin }, given) => {
  const { reason: _, ...query } = given
  const { pending, cursor } = await admin.ask('listPending', query)
  return { items: pending.map((told) => pendingOf(pod, told)), ...defined({ cursor }) }
}

function deadLetterOf(pod: string, told: LetterTold): DeadLetter {
  const { deliveryId, eventId, eventType, sink, reason, attempts, namespace, name, endedAt } = told
  const { lastCause, since } = told
  const letter = { pod, namespace, name, eventId, eventType, sink, attempts, reason, endedAt }
  return { id: `${pod}/${deliveryId}`, ...letter, ...defined({ lastCause, since }) }
}

function pendingOf(pod: string, told: PendingTold): PendingDelivery {
  const { deliveryId, eventId, eventType, sink, attempts, namespace, name, state, replayed, since } = told
  const { nextTryAt, lastCause, lastStepAt } = told
  return {
    id: `${pod}/${deliveryId}`,
    pod,
    namespace,
    name,
    eventId,
    eventType,
    sink,
    attempts,
    state,
    replayed,
    since,
    ...defined({ nextTryAt, lastCause, lastStepAt }),
  }
}

/** The next page of every receiver, one after the other in the order in which each tells. */
export async function readPage<Item>(
  ask: Ask<Item>,
  { cursor, ...selection }: PagedSelection,
  { receivers, total }: { receivers: OpenedReceivers; total: number },
): Promise<DeliveryPage<Item>> {
  const { pods, without } = receivers.pods()
  const places: Places | undefined = cursor === undefined ? undefined : readPlaces(cursor)
  const asked = pods.filter(({ name }) => places === undefined || places[name] !== undefined)
  const answers = await Promise.all(
    asked.map(async (pod) => {
      try {
        return { pod: pod.name, page: await ask(pod, pageOf(selection, places?.[pod.name])) }
      } catch (error) {
        return { pod: pod.name, why: messageOf(error) }
      }
    }),
  )
  const told = answers.flatMap(({ pod, page }) => (page === undefined ? [] : [{ pod, page }]))
  const failed = answers.flatMap(({ pod, why }) => (why === undefined ? [] : [{ pod, why }]))
  const next = Object.fromEntries(
    told.flatMap(({ pod, page }) => (page.cursor === undefined ? [] : [[pod, page.cursor] as const])),
  )
  return {
    items: told.flatMap(({ page }) => page.items),
    total,
    ...(Object.keys(next).length > 0 && { cursor: writePlaces(next) }),
    without: [...without, ...failed],
  }
}

function pageOf(selection: Selection, cursor: string | undefined) {
  return { ...selection, limit: pageSize, ...defined({ cursor }) }
}

/** How many a selection selects, counted page by page up to a bound. */
export async function countSelected(
  ask: Ask<unknown>,
  selection: Selection,
  receivers: OpenedReceivers,
): Promise<SelectionCount> {
  const { pods, without } = receivers.pods()
  const failed: { pod: string; why: string }[] = []
  let count = 0
  for (const pod of pods) {
    try {
      let cursor: string | undefined
      do {
        const page = await ask(pod, { ...selection, limit: countedAtOnce, ...(cursor !== undefined && { cursor }) })
        count += page.items.length
        if (count >= maxCounted) return { count, isAtLeast: true, without }
        // One that repeats its cursor would be asked for ever.
        cursor = page.cursor === cursor ? undefined : page.cursor
      } while (cursor !== undefined)
    } catch (error) {
      failed.push({ pod: pod.name, why: messageOf(error) })
    }
  }
  return { count, isAtLeast: false, without: [...without, ...failed] }
}
