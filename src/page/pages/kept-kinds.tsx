import { pageAddresses } from '../../contract/page/addresses.ts'
import type { DeadLetter, PendingDelivery } from '../../contract/page/deliveries.ts'
import { replayTask, retryTask } from '../actions/tasks.ts'
import { now } from '../live/now.ts'
import { hrefOf } from '../route.ts'
import { Ago } from '../parts/basics.tsx'
import type { Column } from '../parts/grid-table.tsx'
import { Visible } from '../parts/visible.tsx'
import { KeptPage, type KeptKind } from './kept.tsx'

function commonColumns(): Column<DeadLetter | PendingDelivery>[] {
  return [
    {
      title: 'Event',
      width: 'minmax(120px, 3fr)',
      cell: ({ namespace, name, eventId }) => (
        <a
          class="row-link mono"
          href={hrefOf({ page: 'delivery', namespace, name, eventId })}
          tabIndex={-1}
          title={eventId}
        >
          <Visible text={eventId} />
        </a>
      ),
    },
    {
      title: 'Webhook',
      width: 'minmax(88px, 2fr)',
      isWide: true,
      cell: ({ namespace, name }) => `${namespace}/${name}`,
    },
    { title: 'Sink', width: 'minmax(64px, 1fr)', cell: ({ sink }) => sink },
    { title: 'Type', width: 'minmax(128px, 1fr)', isWide: true, cell: ({ eventType }) => <Visible text={eventType} /> },
    { title: 'Attempts', width: '64px', isNumber: true, isWide: true, cell: ({ attempts }) => attempts },
  ]
}

const deadLetters: KeptKind<DeadLetter> = {
  title: 'Dead letters',
  address: pageAddresses.deadLetters,
  of: 'deadLetters',
  one: 'dead letter',
  why: 'reason',
  verb: 'Replay',
  task: replayTask,
  none: '✓ No dead letter',
  columns: [
    ...commonColumns(),
    { title: 'Reason', width: 'minmax(96px, 1fr)', cell: ({ reason }) => reason },
    {
      title: 'Last cause',
      width: 'minmax(88px, 1fr)',
      isWide: true,
      cell: ({ lastCause = '–' }) => <Visible text={lastCause} />,
    },
    { title: 'Since', width: 'minmax(72px, 1fr)', isWide: true, cell: ({ since }) => <Ago at={since} /> },
    { title: 'Given up', width: 'minmax(80px, 1fr)', cell: ({ endedAt }) => <Ago at={endedAt} /> },
  ],
}

/** What is due waits for its turn: a try that was "36 s ago" would read as one that was made. */
function NextTry({ at }: { at: string }) {
  return Date.parse(at) <= now.value ? <>due</> : <Ago at={at} />
}

const pending: KeptKind<PendingDelivery> = {
  title: 'Pending deliveries',
  address: pageAddresses.pending,
  of: 'pending',
  one: 'pending delivery',
  why: 'cause',
  verb: 'Retry',
  task: retryTask,
  none: '✓ Nothing is pending',
  columns: [
    ...commonColumns(),
    { title: 'Since', width: 'minmax(72px, 1fr)', isWide: true, cell: ({ since }) => <Ago at={since} /> },
    {
      title: 'Next try',
      width: 'minmax(80px, 1fr)',
      cell: ({ nextTryAt, state }) => (nextTryAt === undefined ? state : <NextTry at={nextTryAt} />),
    },
    { title: 'Last cause', width: 'minmax(88px, 1fr)', cell: ({ lastCause = '–' }) => <Visible text={lastCause} /> },
  ],
}

/** What was given up. */
export function DeadLettersPage() {
  return <KeptPage kind={deadLetters} />
}

/** What has not ended. */
export function PendingPage() {
  return <KeptPage kind={pending} />
}
