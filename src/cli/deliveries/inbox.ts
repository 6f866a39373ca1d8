import type { ConfigOf } from '../../config/setting.ts'
import type { AnswerOf } from '../../contract/admin-api/route.ts'
import type { AdminRoutes } from '../../contract/admin-api/routes.ts'
import { exitCodes } from '../run-command.ts'
import { visit } from '../shared-settings.ts'
import { cellOf, table } from '../table.ts'
import { userCommand, type UserCommandDeps } from '../user-command.ts'
import type { ReceiverPod } from './receivers.ts'

type Answer = AnswerOf<AdminRoutes['readStats']>
/** Printed with all that it has; this much is needed. */
type Stats = Pick<Answer, 'inbox' | 'events' | 'pending' | 'deadLetters' | 'oldestPendingMs' | 'namespaces'> & {
  readonly pod: string
}
type NamespaceUse = NonNullable<Stats['namespaces']>[number]

const settings = visit
type InboxConfig = ConfigOf<typeof settings>

/** `gwh inbox`: what each inbox holds, and which namespace has how much of it. */
export const inbox = userCommand({
  name: 'inbox',
  summary: 'Show what the inboxes of the receivers hold.',
  about:
    'Shows what the inboxes of the receivers hold: events, pending deliveries, dead letters, and the age of the oldest. Then it shows how much each namespace has, the heaviest first.',
  example: 'gwh inbox',
  settings,
  run: showInboxes,
})

async function showInboxes(
  config: InboxConfig,
  _names: readonly string[],
  { out, receivers: open }: UserCommandDeps,
): Promise<number> {
  const receivers = await open(config)
  try {
    const all: Stats[] = []
    for (const pod of receivers.pods) all.push(await statsOf(pod))
    const onlyIn = await receivers.onlyNamespace()
    const inboxes = inboxesOf(all).map((stats) => narrowedTo(onlyIn, stats))
    if (config.output === 'json') {
      out(`${JSON.stringify({ inboxes }, undefined, 2)}\n`)
      return exitCodes.ok
    }
    out(table(['POD', 'INBOX', 'EVENTS', 'PENDING', 'DEAD LETTERS', 'OLDEST PENDING'], inboxes.map(rowOf)))
    const uses = inboxes.flatMap(({ pod, namespaces = [] }) => namespaces.map((use) => rowOfUse(pod, use)))
    const columns = ['POD', 'NAMESPACE', 'EVENTS', 'BYTES', 'DEAD LETTERS', 'REMEMBERED IDS', 'UNDER WAY', 'WAITING']
    if (uses.length > 0) out(`\n${table(columns, uses)}`)
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

/** A user who may list the objects of one namespace alone sees what that one has, and the totals. */
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

function rowOf({ pod, inbox, events, pending, deadLetters, oldestPendingMs }: Stats): string[] {
  return [pod, inbox, events, pending, deadLetters, `${Math.round(oldestPendingMs / 1000)}s`].map(cellOf)
}

function rowOfUse(pod: string, use: NamespaceUse): string[] {
  const { namespace, events, bytes, deadLetters, rememberedIds, underWay, waiting } = use
  return [pod, namespace, events, bytes, deadLetters, rememberedIds, underWay, waiting].map(cellOf)
}
