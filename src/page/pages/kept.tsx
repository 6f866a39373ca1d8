import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'

import type { PagedSelection, Selection } from '../../contract/page/actions.ts'
import { pageAddresses } from '../../contract/page/addresses.ts'
import type { DeadLetter, DeliveryPage, PendingDelivery, SelectionCount } from '../../contract/page/deliveries.ts'
import { ActionButton, MissingRights } from '../actions/action-button.tsx'
import { begin, finished, type Task } from '../actions/task.ts'
import { howMany, targetsOf, type Targets } from '../actions/tasks.ts'
import { count, counted } from '../format.ts'
import { ask, type Answer } from '../live/ask.ts'
import { access, overview } from '../live/state.ts'
import { go, routeQuery } from '../live/address.ts'
import { Card, Empty, Loading } from '../parts/basics.tsx'
import { GridTable, type Column } from '../parts/grid-table.tsx'
import { SelectionFields } from '../parts/selection-fields.tsx'
import { Page } from '../parts/shell.tsx'

type Kept = DeadLetter | PendingDelivery

/** What dead letters and pending deliveries do not have in common. */
export interface KeptKind<Item extends Kept> {
  readonly title: string
  readonly address: string
  readonly of: 'deadLetters' | 'pending'
  readonly one: 'dead letter' | 'pending delivery'
  /** The field of a selection that only this kind has. */
  readonly why: 'reason' | 'cause'
  readonly verb: string
  readonly task: (targets: Targets, many: string) => Task
  readonly columns: readonly Column<Item>[]
  readonly none: string
}

/** The last item seen stays until the first page of the new answer is there. */
type Pages<Item> = Answer<DeliveryPage<Item>> | undefined

/** A list of what receivers keep, with a selection, and one action on some, on what is selected, or on all. */
export function KeptPage<Item extends Kept>({ kind }: { kind: KeptKind<Item> }) {
  const selection = useSignal<Selection>(selectionIn(routeQuery.value))
  const pages = useSignal<Pages<Item>>(undefined)
  const ticked = useSignal<ReadonlySet<string>>(new Set())
  const isPaged = useSignal(false)
  const may = access.value?.receivers
  const about = JSON.stringify(selection.value)

  const load = async (cursor?: string) => {
    const before = pages.peek()
    isPaged.value = cursor !== undefined
    const given: PagedSelection = { ...selection.peek(), ...(cursor !== undefined && { cursor }) }
    const answer = await ask<DeliveryPage<Item>>(kind.address, given)
    if (JSON.stringify(selection.peek()) !== about) return
    const earlier = cursor !== undefined && before?.ok === true ? before.value.items : []
    pages.value = answer.ok
      ? { ...answer, value: { ...answer.value, items: [...earlier, ...answer.value.items] } }
      : answer
  }
  useEffect(() => {
    ticked.value = new Set()
    void load()
  }, [about, finished.value])
  const { [kind.of]: told, inbox } = overview.value ?? {}
  const held = inbox?.isKnown === true ? inbox[kind.of] : undefined
  useEffect(() => {
    // Whoever has ticked some, or has gone on to more, works on what is listed.
    const isBegun = ticked.peek().size > 0 || isPaged.peek()
    if (pages.peek() !== undefined && !isBegun) void load()
  }, [told, held])

  const toggle = ({ id }: Kept) => {
    const next = new Set(ticked.peek())
    if (!next.delete(id)) next.add(id)
    ticked.value = next
  }
  const askAll = async () => {
    const answer = await ask<SelectionCount>(pageAddresses.count, { ...selection.peek(), of: kind.of })
    if (answer.ok) begin(kind.task(targetsOf(selection.peek()), howMany(kind.one, answer.value)))
    else pages.value = answer
  }

  const known = pages.value
  const items = known?.ok === true ? known.value.items : []
  const isNarrowed = about !== '{}'
  const isPartial = known?.ok === true && known.value.without.length > 0
  const isNothingKnown = known?.ok !== true || (isPartial && items.length === 0 && known.value.total === 0)
  const columns = [tickColumn<Item>(ticked.value, toggle), ...kind.columns]
  const tickedIds = [...ticked.value]
  return (
    <Page title={kind.title}>
      <MissingRights of={{ [kind.verb]: may }} />
      <Card
        title={isNothingKnown ? kind.title : `${count(Math.max(known.value.total, items.length))} kept`}
        aside={
          <div class="actions">
            {tickedIds.length > 0 && (
              <ActionButton
                label={`${kind.verb} selected (${count(tickedIds.length)})`}
                may={may}
                isMain
                onAct={() => begin(kind.task({ ids: tickedIds }, howMany(kind.one, exactly(tickedIds.length))))}
              />
            )}
            {items.length > 0 && (
              <ActionButton
                label={isNarrowed ? `${kind.verb} all that match…` : `${kind.verb} all…`}
                may={may}
                onAct={() => void askAll()}
              />
            )}
          </div>
        }
      >
        <SelectionFields why={kind.why} selection={selection} />
        {known === undefined && <Loading what={kind.title.toLowerCase()} />}
        {known?.ok === false && <p class="notice bad">{known.error}</p>}
        {isPartial && may?.may !== 'no' && (
          <ul class="notice">
            {known.value.without.map(({ pod, why }) => (
              <li key={pod}>
                {pod} did not answer, what is kept there is not listed: {why}
              </li>
            ))}
          </ul>
        )}
        {isPartial && items.length === 0 && (
          <Empty title="○ Not known">Receivers that could not be asked may keep some.</Empty>
        )}
        {known?.ok === true && !isPartial && items.length === 0 && (
          <Empty title={isNarrowed ? 'Nothing matches' : kind.none}>{isNarrowed && 'Change the selection.'}</Empty>
        )}
        {items.length > 0 && (
          <GridTable
            label={kind.title}
            rows={items}
            keyOf={({ id }) => id}
            columns={columns}
            onOpen={({ namespace, name, eventId }) => go({ page: 'delivery', namespace, name, eventId })}
            onToggle={toggle}
            isSelected={({ id }) => ticked.value.has(id)}
          />
        )}
        {known?.ok === true && known.value.cursor !== undefined && (
          <p class="more">
            <button type="button" class="act" onClick={() => void load(known.value.cursor)}>
              Show more
            </button>{' '}
            <span class="caption">{counted(items.length, 'is', 'are')} listed</span>
          </p>
        )}
      </Card>
    </Page>
  )
}

const exactly = (many: number): SelectionCount => ({ count: many, isAtLeast: false, without: [] })

function tickColumn<Item extends Kept>(ticked: ReadonlySet<string>, toggle: (item: Item) => void): Column<Item> {
  return {
    title: '',
    width: '24px',
    cell: (item) => (
      <input
        type="checkbox"
        tabIndex={-1}
        aria-label={`Select ${item.id}`}
        checked={ticked.has(item.id)}
        onChange={() => toggle(item)}
      />
    ),
  }
}

const fields = ['namespace', 'name', 'sink', 'eventId', 'type', 'reason', 'cause', 'since', 'until'] as const

/** What an address selects. */
function selectionIn(query: URLSearchParams): Selection {
  return Object.fromEntries(fields.flatMap((field) => (query.get(field) ? [[field, query.get(field)]] : [])))
}
