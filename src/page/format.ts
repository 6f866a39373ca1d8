/** How times, durations and figures are written on the page. Pure: the time now is handed in. */

const figures = new Intl.NumberFormat('en')

/** `1,284` */
export function count(value: number): string {
  return figures.format(value)
}

/** `1 dead letter`, `3 dead letters` */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`
}

const units = [
  { unit: 'd', ms: 86_400_000 },
  { unit: 'h', ms: 3_600_000 },
  { unit: 'min', ms: 60_000 },
  { unit: 's', ms: 1_000 },
] as const

/** The largest unit alone: `41 d`, `4 min`, `12 s`; `0 s` for less than a second. */
export function span(ms: number): string {
  const size = Math.abs(ms)
  const { unit, ms: unitMs } = units.find((each) => size >= each.ms) ?? { unit: 's', ms: 1_000 }
  return `${Math.floor(size / unitMs)} ${unit}`
}

/** `12 s ago`, `in 2 d`, `now` */
export function ago(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs
  if (Math.abs(ms) < 1_000) return 'now'
  return ms > 0 ? `${span(ms)} ago` : `in ${span(ms)}`
}

/** How long something took: `0.2 ms`, `38 ms`, `1.2 s`, `4 min`. */
export function duration(ms: number): string {
  if (ms < 10) return `${trimmed(ms)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return ms < 60_000 ? `${trimmed(ms / 1_000)} s` : span(ms)
}

function trimmed(value: number): string {
  return value.toFixed(1).replace(/\.0$/, '')
}

/** `1.5 MB`, in powers of 1000 as disks are sold. */
export function bytes(value: number): string {
  const exponent = Math.min(Math.floor(Math.log10(Math.max(value, 1)) / 3), 4)
  return `${trimmed(value / 1000 ** exponent)} ${['B', 'kB', 'MB', 'GB', 'TB'][exponent] ?? 'B'}`
}

const clockTime = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' })
const clockSeconds = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' })
const dayAndTime = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** `14:20`, in the time zone of the browser, as all of these. */
export function timeOfDay(atMs: number): string {
  return clockTime.format(atMs)
}

/** `15:19:07.112` */
export function timeWithMs(atMs: number): string {
  return `${clockSeconds.format(atMs)}.${String(Math.floor(atMs % 1_000)).padStart(3, '0')}`
}

/** `12 Nov`; with the time of day while days are too coarse. */
export function date(atMs: number, withTime = false): string {
  return (withTime ? dayAndTime : day).format(atMs)
}
