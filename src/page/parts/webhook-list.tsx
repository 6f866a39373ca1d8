import { useComputed } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'

import type { WebhookRow } from '../../contract/page/overview.ts'
import { count, span } from '../format.ts'
import { now } from '../live/now.ts'
import { selectRows } from '../live/select-rows.ts'
import { focusAndSelect } from '../live/follow-keys.ts'
import { areObjectsKnown, hello, isSearchWanted, namespace, rows, search } from '../live/state.ts'
import { go } from '../live/address.ts'
import { hrefOf } from '../route.ts'
import { Ago, Card, Empty, HealthBadge } from './basics.tsx'
import { GridTable, type Column } from './grid-table.tsx'
import { NotListed } from './not-listed.tsx'

/** How long ago as a span, for ages that are no events. */
function Age({ since }: { since: string | undefined }) {
  return <>{since === undefined ? '–' : span(now.value - Date.parse(since))}</>
}

const columns: readonly Column<WebhookRow>[] = [
  {
    title: 'Name',
    width: 'minmax(100px, 3fr)',
    cell: ({ id, namespace, name }) => (
      <a class="row-link" href={hrefOf({ page: 'webhook', namespace, name })} tabIndex={-1} title={id}>
        <strong>{namespace}</strong>/{name}
      </a>
    ),
  },
  { title: 'Health', width: 'minmax(112px, 1fr)', cell: ({ health }) => <HealthBadge health={health} /> },
  { title: 'At Google', width: 'minmax(72px, 1fr)', isWide: true, cell: ({ atGoogle = '–' }) => atGoogle },
  { title: 'Events', width: '56px', isWide: true, isNumber: true, cell: ({ events }) => count(events) },
  {
    title: 'Last delivery',
    width: 'minmax(88px, 1fr)',
    isWide: true,
    cell: ({ lastDelivery }) => <Ago at={lastDelivery} />,
  },
  { title: 'Waiting', width: '64px', isNumber: true, cell: ({ pending, deadLetters }) => count(pending + deadLetters) },
  { title: 'Secret', width: '56px', isWide: true, cell: ({ secretSince }) => <Age since={secretSince} /> },
  {
    title: 'Sinks',
    width: 'minmax(80px, 2fr)',
    isWide: true,
    cell: ({ sinks }) => sinks.map(({ name, isWell }) => (isWell ? name : `! ${name}`)).join(', '),
  },
]

const open = ({ namespace, name }: WebhookRow) => go({ page: 'webhook', namespace, name })
const keyOf = ({ id }: WebhookRow) => id

/** All objects that may be seen, what needs attention first. */
export function WebhookList({ title }: { title: string }) {
  const shown = useComputed(() =>
    selectRows(rows.value.byId.values(), { namespace: namespace.value, search: search.value }),
  )
  const { isComplete, byId } = rows.value
  const isNarrowed = shown.value.length !== byId.size
  return (
    <Card
      title={
        <>
          {title}{' '}
          <span class="caption" role="status">
            {isNarrowed ? `${count(shown.value.length)} of ${count(byId.size)}` : ''}
            {!isComplete && byId.size > 0 ? ' still loading' : ''}
          </span>
        </>
      }
      aside={<SearchField />}
    >
      {!areObjectsKnown.value && <NotListed what="GeminiWebhooks" />}
      {areObjectsKnown.value && byId.size === 0 && <NoneYet />}
      {byId.size > 0 && shown.value.length === 0 && (
        <Empty title="Nothing matches">Change the search or the namespace.</Empty>
      )}
      {shown.value.length > 0 && (
        <GridTable label={title} rows={shown.value} keyOf={keyOf} columns={columns} onOpen={open} />
      )}
    </Card>
  )
}

function SearchField() {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    if (isSearchWanted.peek() && field.current !== null) focusAndSelect(field.current)
    isSearchWanted.value = false
  }, [])
  return (
    <input
      ref={field}
      class="field search"
      type="search"
      placeholder="Search  ( / )"
      aria-label="Search webhooks and routes"
      value={search.value}
      onInput={(event) => (search.value = event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur()
        if (event.key === 'ArrowDown' || event.key === 'Enter')
          event.currentTarget.closest('.card')?.querySelector<HTMLElement>('[role=grid]')?.focus()
      }}
    />
  )
}

const manifest = `apiVersion: webhooks.gemini-operator.io/v1alpha1
kind: GeminiWebhook
metadata:
  name: batch-events
  namespace: ml
spec:
  apiKeySecretRef: { name: gemini-api-key }
  events: [batch.succeeded, batch.failed]
  sinks:
    - name: worker
      service: { name: batch-worker, path: /events }
`

function NoneYet() {
  return (
    <Empty title="No GeminiWebhook yet">
      {hello.value?.playground === true ? (
        <p>
          The <a href={hrefOf({ page: 'playground' })}>Playground</a> makes one.
        </p>
      ) : (
        <>
          <p>
            Put an API key into a Secret, then apply one with <code>kubectl apply -f</code>:
          </p>
          <pre class="block">{manifest}</pre>
        </>
      )}
    </Empty>
  )
}
