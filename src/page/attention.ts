import type { Finding, ReceiverRow, WebhookRow } from '../contract/page/overview.ts'
import { hrefOf } from './route.ts'

/** One thing to see to, and how. */
export interface Attention {
  readonly key: string
  readonly tone: 'bad' | 'warn' | 'open'
  readonly title: string
  readonly says: string
  readonly remedy?: string
  readonly href: string
}

/** Findings about what the list of objects tells itself, better. */
const toldByRows = new Set(['objects'])

/** What is broken; and a pause, which somebody wanted and may have forgotten. */
function isTold({ name, state, unjudged }: Finding): boolean {
  return (state === 'Broken' && !toldByRows.has(name)) || (name === 'pause' && state === 'Open' && unjudged !== true)
}

/** What needs attention, the worst first; nothing of what is well. Pure. */
export function attentionOf(given: {
  rows: readonly WebhookRow[]
  findings: readonly Finding[]
  receivers: readonly ReceiverRow[]
}): Attention[] {
  const installation = hrefOf({ page: 'installation' })
  return [
    ...given.rows.flatMap(ofRow),
    ...given.findings.filter(isTold).map(({ name, state, says }) => ({
      key: `finding ${name}`,
      tone: state === 'Broken' ? ('bad' as const) : ('open' as const),
      title: name,
      says,
      href: installation,
    })),
    ...given.receivers
      .filter(({ state }) => state === 'Unreachable')
      .map(({ pod, why = '' }) => ({
        key: `receiver ${pod}`,
        tone: 'warn' as const,
        title: `${pod} does not answer`,
        says: `${why === '' ? '' : `${why}. `}What it holds is not counted here; it is asked again by itself.`,
        href: installation,
      })),
  ].toSorted((a, b) => rank[a.tone] - rank[b.tone])
}

const rank = { bad: 0, warn: 1, open: 2 } as const

function ofRow(row: WebhookRow): Attention[] {
  const { id, namespace, name, health, broken, message, reason, remedy, pending, deadLetters } = row
  const common = { key: `webhook ${id}`, href: hrefOf({ page: 'webhook', namespace, name }) }
  const waiting = pending === 0 ? '' : ` · ${pending} waiting`
  const says = `${message === '' ? reason : message}${waiting}`
  const told = { says, ...(remedy !== undefined && remedy !== 'Nothing.' && { remedy }) }
  switch (health) {
    case 'Failed':
      return [{ ...common, ...told, tone: 'bad', title: `${id}: ${broken ?? reason}` }]
    case 'SinkFailing':
      return [{ ...common, ...told, tone: 'bad', title: `${id}: ${broken ?? 'a sink'} takes nothing` }]
    case 'DeadLetters': {
      const title = `${id}: ${deadLetters} ${deadLetters === 1 ? 'dead letter' : 'dead letters'}`
      return [{ ...common, ...told, tone: 'warn', title }]
    }
    case 'Unknown':
      return [{ ...common, ...told, tone: 'open', title: `${id} is not known to be well` }]
    case 'Progressing':
    case 'Suspended':
    case 'Deleting':
    case 'Ready':
      return []
  }
}
