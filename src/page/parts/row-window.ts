/** Rows drawn beyond both edges, so that a quick scroll shows no gap. */
const spare = 8

/** Which rows are drawn: those that can be seen and a few more. Pure. */
export function rowWindow(view: { scrollTop: number; height: number; rowHeight: number; count: number }): {
  from: number
  until: number
} {
  const { scrollTop, height, rowHeight, count } = view
  const from = Math.max(0, Math.min(Math.floor(scrollTop / rowHeight) - spare, count))
  return { from, until: Math.min(count, Math.ceil((scrollTop + height) / rowHeight) + spare) }
}

/** Where the keys for moving in a list lead from a row (-1: none yet); undefined for another key. Pure. */
export function movedTo(key: string, from: number, count: number, page: number): number | undefined {
  const last = count - 1
  const clamp = (at: number) => Math.max(0, Math.min(at, last))
  if (count === 0) return undefined
  switch (key) {
    case 'ArrowDown':
      return clamp(from + 1)
    case 'ArrowUp':
      return clamp(from - 1)
    case 'PageDown':
      return clamp(from + page)
    case 'PageUp':
      return clamp(from - page)
    case 'Home':
      return 0
    case 'End':
      return last
    default:
      return undefined
  }
}
