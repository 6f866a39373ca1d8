import type { ConfigOf } from '../../config/setting.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { locate } from '../places.ts'
import { printedAs } from '../print-as.ts'
import { exitCodes } from '../run-command.ts'
import { allNamespaces, listOutput, namespaceOfObjects, selection, visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import { depthsInWords, depthsOf } from './object-inbox.ts'
import { inboxPods, type ReceiverPod } from './receivers.ts'
import { selectionOf, type SelectionConfig } from './selection-query.ts'

type Answer = AnswerOf<AdminRoutes['readStats']>
type Totals =
  'inbox' | 'events' | 'bodyBytes' | 'pending' | 'deadLetters' | 'rememberedIds' | 'oldestPendingMs' | 'kept'
/** Printed with all that it has; this much is needed. */
type Stats = Pick<Answer, Totals | 'namespaces'> & { readonly pod: string }
type NamespaceUse = NonNullable<Stats['namespaces']>[number]

const settings = {
  webhook: {
    ...selection.webhook,
    help: 'Shows what the inboxes hold for this GeminiWebhook (NAME or NAMESPACE/NAME) or this GeminiRoute (groute/NAME or NAMESPACE/groute/NAME), by sink.',
  },
  namespace: {
    ...namespaceOfObjects,
    help: 'Shows what the inboxes hold for objects of this namespace. If it is not set, every namespace that you may see is shown.',
  },
  allNamespaces,
  ...visit,
  output: listOutput,
} as const
type InboxConfig = ConfigOf<typeof settings>

/** `gwh inbox`: what each inbox holds, and which namespace has how much of it. */
export const inbox = userCommand({
  name: 'inbox',
  summary: 'Show what the inboxes of the receivers hold.',
  about:
    'Shows what the inboxes of the receivers hold: events, pending deliveries, dead letters, and the age of the oldest. Then it shows how much each namespace has, the heaviest first. With --webhook it shows what one GeminiWebhook or GeminiRoute has there, by sink.',
  example: 'gwh inbox',
  settings,
  run: showInboxes,
})

async function showInboxes(config: InboxConfig, _names: readonly string[], deps: UserCommandDeps): Promise<number> {
  if (config.webhook !== undefined) return showObject(config, deps)
  const places = await locate(config, { command: 'inbox', otherwise: 'all' }, deps)
  const receivers = await deps.receivers({ ...config, ...places })
  try {
    const all: Stats[] = []
    for (const pod of receivers.pods) all.push(await statsOf(pod))
    // A user who may list the objects of one namespace alone sees no other.
    const onlyIn = await receivers.onlyNamespace()
    const inboxes = inboxesOf(all).map((stats) => narrowedTo(places.namespace, narrowedTo(onlyIn, stats)))
    const names = inboxes.map(({ pod }) => `pod/${pod}`)
    deps.out(printedAs(config.output, { value: { inboxes }, text: (isWide) => inWords(inboxes, isWide), names }))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

async function showObject(config: InboxConfig, deps: UserCommandDeps): Promise<number> {
  const one: SelectionConfig = { ...config, sink: undefined, eventId: undefined }
  const selected = await selectionOf(one, 'inbox', deps)
  const receivers = await deps.receivers({ ...config, operatorNamespace: selected.operatorNamespace })
  try {
    const sinks = await depthsOf(await inboxPods(receivers.pods), selected)
    const names = [...new Set(sinks.map(({ pod }) => `pod/${pod}`))]
    deps.out(printedAs(config.output, { value: { sinks }, text: () => depthsInWords(sinks), names }))
    return exitCodes.ok
  } finally {
    await receivers.close()
  }
}

async function statsOf({ name, admin }: ReceiverPod): Promise<Stats> {
  return { pod: name, ...(await admin.ask('readStats')) }
}

/** One where receivers share it: they say the same of what is stored, and each has attempts of its own. */
function inboxesOf(all: readonly Stats[]): Stats[] {
  const [first] = all
  if (first?.inbox !== 'shared') return all.map(heaviestFirst)
  const merged = new Map<string, NamespaceUse>()
  for (const use of all.flatMap(({ namespaces = [] }) => namespaces)) {
    const before = merged.get(use.namespace)
    if (before === undefined) merged.set(use.namespace, use)
    else {
      const { underWay, waiting } = before
      merged.set(use.namespace, { ...before, underWay: underWay + use.underWay, waiting: waiting + use.waiting })
    }
  }
  return [heaviestFirst({ ...first, namespaces: [...merged.values()] })]
}

/** Of one namespace alone what that one has, and the totals. */
function narrowedTo(onlyIn: string | undefined, stats: Stats): Stats {
  const { namespaces = [], pendingByOwner: _p, lastDropMsByOwner: _l, ...totals } = stats as Stats & Partial<Answer>
  if (onlyIn === undefined) return stats
  return { ...totals, namespaces: namespaces.filter(({ namespace }) => namespace === onlyIn) }
}

function heaviestFirst(stats: Stats): Stats {
  const { namespaces } = stats
  if (namespaces === undefined) return stats
  return { ...stats, namespaces: namespaces.toSorted((a, b) => b.bytes - a.bytes || b.underWay - a.underWay) }
}

const columns = ['POD', 'INBOX', 'EVENTS', 'PENDING', 'DEAD LETTERS', 'OLDEST PENDING']
const moreColumns = ['BODY BYTES', 'REMEMBERED IDS', 'KEPT']
const columnsOfUse = ['POD', 'NAMESPACE', 'EVENTS', 'BYTES', 'DEAD LETTERS', 'REMEMBERED IDS', 'UNDER WAY', 'WAITING']

function inWords(inboxes: readonly Stats[], isWide: boolean): string {
  const rows = inboxes.map((stats) => rowOf(stats, isWide))
  const totals = table(isWide ? [...columns, ...moreColumns] : columns, rows)
  const uses = inboxes.flatMap(({ pod, namespaces = [] }) => namespaces.map((use) => rowOfUse(pod, use)))
  return uses.length === 0 ? totals : `${totals}\n${table(columnsOfUse, uses)}`
}

function rowOf(stats: Stats, isWide: boolean): string[] {
  const { pod, inbox, events, pending, deadLetters, oldestPendingMs, bodyBytes, rememberedIds, kept = '-' } = stats
  const row = [pod, inbox, events, pending, deadLetters, `${Math.round(oldestPendingMs / 1000)}s`]
  return [...row, ...(isWide ? [bodyBytes, rememberedIds, kept] : [])].map(cellOf)
}

function rowOfUse(pod: string, use: NamespaceUse): string[] {
  const { namespace, events, bytes, deadLetters, rememberedIds, underWay, waiting } = use
  return [pod, namespace, events, bytes, deadLetters, rememberedIds, underWay, waiting].map(cellOf)
}
