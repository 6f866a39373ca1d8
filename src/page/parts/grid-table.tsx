import type { ComponentChildren, CSSProperties } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

import { movedTo, rowWindow } from './row-window.ts'

export interface Column<Row> {
  readonly title: string
  /** As in `grid-template-columns`. */
  readonly width: string
  /** Not shown on narrow screens. */
  readonly isWide?: true
  readonly isNumber?: true
  readonly cell: (row: Row) => ComponentChildren
}

interface GridTableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly keyOf: (row: Row) => string
  readonly columns: readonly Column<Row>[]
  readonly onOpen?: (row: Row) => void
  /** The space bar on a row. */
  readonly onToggle?: (row: Row) => void
  readonly isSelected?: (row: Row) => boolean
  readonly isFresh?: (row: Row) => boolean
  readonly onScrolled?: (isAway: boolean) => void
}

const rowHeight = 40
const headHeight = 32
const id = (label: string, at: number) => `${label.replaceAll(/\W+/g, '-')}-${at}`

/**
 * A list of any length of which only the rows in view exist. One stop of the tab key; arrows move within, Enter opens.
 * The active row is remembered by its key, so that it stays the same when rows arrive above it.
 */
export function GridTable<Row>(props: GridTableProps<Row>) {
  const { label, rows, keyOf, columns, onOpen, onToggle, isSelected, isFresh, onScrolled } = props
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ scrollTop: 0, height: 640 })
  const [activeKey, setActiveKey] = useState<string | undefined>(undefined)
  const active = activeKey === undefined ? -1 : rows.findIndex((row) => keyOf(row) === activeKey)
  const { from, until } = rowWindow({ ...view, rowHeight, count: rows.length })

  const look = () => {
    const element = scroller.current
    if (element === null) return
    const next = { scrollTop: element.scrollTop, height: element.clientHeight }
    const isMoved = Math.abs(next.scrollTop - view.scrollTop) >= rowHeight || next.height !== view.height
    if (isMoved || next.scrollTop === 0) setView(next)
    onScrolled?.(next.scrollTop > 0)
  }
  useLayoutEffect(look, [rows.length])

  const moveTo = (at: number) => {
    const row = rows[at]
    const element = scroller.current
    if (row === undefined || element === null) return
    setActiveKey(keyOf(row))
    const top = at * rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    const bottom = top + rowHeight + headHeight - element.clientHeight
    if (bottom > element.scrollTop) element.scrollTop = bottom
  }

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target !== event.currentTarget) return
    const row = rows[active]
    const page = Math.max(1, Math.floor(view.height / rowHeight) - 1)
    const to = movedTo(event.key, active, rows.length, page)
    if (to !== undefined) moveTo(to)
    else if (event.key === 'Enter' && row !== undefined) onOpen?.(row)
    else if (event.key === ' ' && row !== undefined && onToggle !== undefined) onToggle(row)
    else return
    event.preventDefault()
  }

  const widths = columns.map(({ width }) => width).join(' ')
  const narrow = columns.filter(({ isWide }) => isWide !== true).map(({ width }) => width)
  const style = { '--columns': widths, '--narrow-columns': narrow.join(' ') } as CSSProperties
  return (
    <div
      class="grid-table"
      role="grid"
      aria-label={label}
      aria-rowcount={rows.length + 1}
      aria-multiselectable={isSelected === undefined ? undefined : true}
      aria-activedescendant={active >= from && active < until ? id(label, active) : undefined}
      tabIndex={0}
      ref={scroller}
      style={style}
      onScroll={look}
      onKeyDown={onKeyDown}
      onFocus={(event) => active < 0 && event.target === event.currentTarget && moveTo(0)}
    >
      <div role="rowgroup">
        <div class="head" role="row" aria-rowindex={1}>
          {columns.map(({ title, isWide, isNumber }) => (
            <span role="columnheader" class={classOf(isWide, isNumber)}>
              {title}
            </span>
          ))}
        </div>
      </div>
      <div class="rows" role="rowgroup" style={{ height: `${rows.length * rowHeight}px` }}>
        {rows.slice(from, until).map((row, offset) => {
          const at = from + offset
          const looks = [at === active && 'active', isFresh?.(row) === true && 'fresh'].filter(Boolean).join(' ')
          return (
            <div
              key={keyOf(row)}
              id={id(label, at)}
              class={looks}
              role="row"
              aria-rowindex={at + 2}
              aria-selected={isSelected?.(row)}
              style={{ transform: `translateY(${at * rowHeight}px)` }}
              onClick={(event) => {
                if (event.target instanceof Element && event.target.closest('a, button, input') !== null) return
                setActiveKey(keyOf(row))
                onOpen?.(row)
              }}
            >
              {columns.map(({ isWide, isNumber, cell }) => (
                <span role="gridcell" class={classOf(isWide, isNumber)}>
                  {cell(row)}
                </span>
              ))}
            </div>
          )
        })}
      </div>
    </div>
  )
}

function classOf(isWide: true | undefined, isNumber: true | undefined): string {
  return [isWide === true && 'wide', isNumber === true && 'number'].filter(Boolean).join(' ')
}
