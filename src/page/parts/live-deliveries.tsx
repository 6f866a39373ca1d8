import { useComputed, useSignal } from '@preact/signals'

import { isNoDelivery, type LiveEntry, type StepEntry } from '../../contract/page/deliveries.ts'
import { count, duration, timeWithMs } from '../format.ts'
import { hasMoved } from '../live/pointer.ts'
import { entries, receivers } from '../live/state.ts'
import { go } from '../live/address.ts'
import { hrefOf } from '../route.ts'
import { Badge, Card, Empty, type Tone } from './basics.tsx'
import { GridTable, type Column } from './grid-table.tsx'
import { Visible } from './visible.tsx'

const stepTones: Readonly<Record<string, readonly [Tone, string]>> = {
  Succeed: ['good', 'Delivered'],
  Skip: ['quiet', 'Not wanted'],
  RetryAt: ['warn', 'Tried again'],
  Hold: ['warn', 'Held'],
  DeadLetter: ['bad', 'Dead letter'],
}

function resultOf(entry: LiveEntry): readonly [Tone, string] {
  if (entry.kind === 'step') return stepTones[entry.next] ?? ['quiet', entry.next]
  if (isNoDelivery(entry)) return ['quiet', 'No delivery']
  const isTaken = entry.status !== undefined && entry.status < 300
  return [isTaken ? 'good' : 'bad', entry.outcome]
}

function whereOf(entry: LiveEntry): string {
  if (entry.kind === 'step') return `sink ${entry.sink}`
  return isNoDelivery(entry) ? 'outside' : 'from Google'
}

function detailOf(entry: LiveEntry): string {
  if (entry.kind === 'request') {
    if (isNoDelivery(entry)) return `a look, answered ${entry.status ?? 'by nobody'}`
    return entry.status === undefined ? 'nobody left to answer' : String(entry.status)
  }
  const { attempt, reason } = entry
  const outcome = [attempt && causeOf(attempt), reason].filter(Boolean).join(', ')
  return attempt === undefined ? outcome : `attempt ${attempt.number}${outcome === '' ? '' : `: ${outcome}`}`
}

/** As the commands write it: `status 503`, `redirect 302`, `timeout`. */
function causeOf({ cause, status }: NonNullable<StepEntry['attempt']>): string {
  return [cause, status].filter((part) => part !== undefined).join(' ')
}

function routeOf(entry: LiveEntry): string | undefined {
  if (entry.kind === 'step') return entry.eventId
  return isNoDelivery(entry) ? '–' : entry.route
}

function durationOf(entry: LiveEntry): string {
  const ms = entry.kind === 'request' ? entry.durationMs : entry.attempt?.durationMs
  return ms === undefined ? '' : duration(ms)
}

const deliveryOf = ({ namespace, name, eventId }: LiveEntry) =>
  namespace === undefined || name === undefined || eventId === undefined
    ? undefined
    : ({ page: 'delivery', namespace, name, eventId } as const)

const allColumns: readonly Column<LiveEntry>[] = [
  { title: 'Time', width: '96px', isWide: true, cell: ({ at }) => timeWithMs(Date.parse(at)) },
  {
    title: 'Delivery',
    width: 'minmax(88px, 2fr)',
    cell: (entry) => {
      const to = deliveryOf(entry)
      if (to === undefined) return <span class="mono quiet">{routeOf(entry)}</span>
      return (
        <a class="row-link mono" href={hrefOf(to)} tabIndex={-1} title={to.eventId}>
          <Visible text={to.eventId} />
        </a>
      )
    },
  },
  {
    title: 'Webhook',
    width: 'minmax(80px, 2fr)',
    isWide: true,
    cell: ({ namespace, name }) => (namespace === undefined ? '–' : `${namespace}/${name}`),
  },
  { title: 'Where', width: 'minmax(88px, 1fr)', cell: whereOf },
  {
    title: 'Result',
    width: 'minmax(144px, 1fr)',
    cell: (entry) => {
      const [tone, word] = resultOf(entry)
      return <Badge tone={tone}>{word}</Badge>
    },
  },
  { title: 'Detail', width: 'minmax(120px, 2fr)', isWide: true, cell: (entry) => <Visible text={detailOf(entry)} /> },
  { title: 'Took', width: '64px', isNumber: true, isWide: true, cell: durationOf },
]

/** For the list of one object, which is named above it. */
const columnsOfOne = allColumns.filter(({ title }) => title !== 'Webhook')

const keyOf = ({ number }: LiveEntry) => String(number)
const open = (entry: LiveEntry) => {
  const to = deliveryOf(entry)
  if (to !== undefined) go(to)
}

/** Entries that came with the list are not marked; those that come while it is shown are. */
const numberOf = (all: readonly LiveEntry[]) => all[0]?.number ?? 0

/**
 * What happens, newest above. While the list is read (the pointer or the focus is in it, it is scrolled, or it was
 * paused) nothing in it moves, and it says how many wait.
 */
export function LiveDeliveries({
  title,
  filter,
  isOfOne = false,
}: {
  title: string
  filter: (entry: LiveEntry) => boolean
  isOfOne?: boolean
}) {
  const isPaused = useSignal(false)
  const isPointed = useSignal(false)
  const isFocused = useSignal(false)
  const isScrolled = useSignal(false)
  const held = useSignal<readonly LiveEntry[] | undefined>(undefined)
  const begun = useSignal(numberOf(entries.peek()))

  const current = useComputed(() => entries.value.filter(filter))
  const settle = () => {
    const isRead = isPaused.value || isPointed.value || isFocused.value || isScrolled.value
    if (!isRead || current.peek().length === 0) held.value = undefined
    else held.value ??= current.peek()
  }
  const set = (what: typeof isPaused, value: boolean) => {
    what.value = value
    settle()
  }
  const noticePointer = (event: PointerEvent) => {
    if (!isPointed.peek() && hasMoved(event)) set(isPointed, true)
  }
  const showNew = () => (held.value = current.peek())

  const shown = held.value ?? current.value
  const newest = numberOf(shown)
  const waiting = held.value === undefined ? 0 : current.value.filter(({ number }) => number > newest).length
  const list = (
    <Card
      title={title}
      aside={
        <>
          <span class="caption" role="status">
            {waiting > 0 ? `${count(waiting)} new wait` : ''}
          </span>
          {waiting > 0 && (
            <button type="button" class="act" onClick={showNew}>
              Show them
            </button>
          )}
          <button
            type="button"
            class="act"
            aria-pressed={isPaused.value}
            onClick={() => set(isPaused, !isPaused.value)}
          >
            {isPaused.value ? 'Go on' : 'Pause'}
          </button>
        </>
      }
    >
      {shown.length === 0 ? (
        <Empty title="No delivery yet">
          {receivers.value?.receivers.some(({ state }) => state === 'Connected') === true
            ? 'Whatever arrives from now on appears here.'
            : 'No receiver is connected yet.'}
        </Empty>
      ) : (
        <div onFocusIn={() => set(isFocused, true)} onFocusOut={() => set(isFocused, false)}>
          <GridTable
            label={title}
            rows={shown}
            keyOf={keyOf}
            columns={isOfOne ? columnsOfOne : allColumns}
            onOpen={open}
            isFresh={({ number }) => number > begun.value}
            onScrolled={(isAway) => isScrolled.peek() !== isAway && set(isScrolled, isAway)}
          />
        </div>
      )}
    </Card>
  )
  return (
    <div onPointerMove={noticePointer} onPointerLeave={() => set(isPointed, false)}>
      {list}
    </div>
  )
}
