import { useComputed } from '@preact/signals'

import type { RouteRow } from '../../contract/page/routes.ts'
import { count } from '../format.ts'
import { go } from '../live/address.ts'
import { namespace, routes, search } from '../live/state.ts'
import { hrefOf } from '../route.ts'
import { Ago, Badge, Card, Empty, type Tone } from './basics.tsx'
import { GridTable, type Column } from './grid-table.tsx'
import { Visible } from './visible.tsx'

const states: Readonly<Record<RouteRow['state'], readonly [Tone, string]>> = {
  Good: ['good', 'Well'],
  Broken: ['bad', 'Broken'],
  Open: ['quiet', 'Not known'],
}

export function RouteBadge({ state }: { state: RouteRow['state'] }) {
  const [tone, word] = states[state]
  return <Badge tone={tone}>{word}</Badge>
}

const columns: readonly Column<RouteRow>[] = [
  {
    title: 'Route',
    width: 'minmax(100px, 3fr)',
    cell: ({ id, namespace: of, name }) => (
      <a class="row-link" href={hrefOf({ page: 'route', namespace: of, name })} tabIndex={-1} title={id}>
        <strong>{of}</strong>/{name}
      </a>
    ),
  },
  { title: 'State', width: 'minmax(96px, 1fr)', cell: ({ state }) => <RouteBadge state={state} /> },
  {
    title: 'Broken',
    width: 'minmax(80px, 1fr)',
    isWide: true,
    cell: ({ broken = '–', says }) => <span title={says}>{broken}</span>,
  },
  { title: 'Webhook', width: 'minmax(100px, 2fr)', isWide: true, cell: ({ webhook }) => webhook },
  {
    title: 'Last delivery',
    width: 'minmax(88px, 1fr)',
    isWide: true,
    cell: ({ lastDelivery }) => <Ago at={lastDelivery} />,
  },
  { title: 'Waiting', width: '64px', isNumber: true, cell: ({ pending, deadLetters }) => count(pending + deadLetters) },
]

const open = ({ namespace: of, name }: RouteRow) => go({ page: 'route', namespace: of, name })
const keyOf = ({ id }: RouteRow) => id

/** The routes of the chosen namespace that match the search, or why they are not known; nothing where there is none. */
export function RouteTable() {
  const shown = useComputed(() => {
    const known = routes.value
    if (known?.isKnown !== true) return []
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean)
    return known.rows.filter(
      (row) =>
        (namespace.value === '' || row.namespace === namespace.value) &&
        words.every((word) => `${row.id} ${row.webhook} ${row.broken ?? ''}`.toLowerCase().includes(word)),
    )
  }).value
  const known = routes.value
  if (known?.isKnown === false)
    return (
      <Card title="Routes">
        <Empty title="○ Not known">
          <Visible text={known.why} />
        </Empty>
      </Card>
    )
  if (known === undefined || known.total === 0) return null
  const isWhole = shown.length === known.total
  return (
    <Card
      title={
        <>
          Routes{' '}
          <span class="caption" role="status">
            {isWhole ? '' : `${count(shown.length)} of ${count(known.total)}`}
          </span>
        </>
      }
    >
      {shown.length === 0 ? (
        <Empty title="No route matches">Change the search or the namespace.</Empty>
      ) : (
        <GridTable label="Routes" rows={shown} keyOf={keyOf} columns={columns} onOpen={open} />
      )}
    </Card>
  )
}
