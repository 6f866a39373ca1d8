import { parseDuration } from '../../api/duration.ts'
import type { RotationSpec } from '../../api/spec.ts'
import { ok, problem, type Result } from '../../result.ts'
import { parseCron, type Cron } from './cron.ts'
import { openTimeZone, type TimeZone } from './time-zone.ts'

type WindowSpec = NonNullable<RotationSpec['windows']>[number]

interface RotationWindow {
  cron: Cron
  durationMs: number
  timeZone: TimeZone
}

const dayMs = 86_400_000
/** From one 29 February to the next there can be eight years; what has not opened by then never will. */
const horizonDays = 8 * 366 + 2
/** More than any clock is ever put back: what is this far behind on the wall is past. */
const wallSlackMs = 4 * 3_600_000
/**
 * Objects that wait for the same window are spread over this share of it, so that it does not open with a burst of
 * rotations.
 */
const spread = 0.5

/**
 * What is wrong with each window that can never open, naming the field; empty when all can. Asked at `nowMs`, for the
 * calendar of the years to come.
 */
export function windowProblems(windows: readonly WindowSpec[], nowMs: number): string[] {
  return windows.flatMap((spec, index) => {
    const field = `spec.rotation.windows[${index}]`
    const read = readWindow(spec)
    if (!read.ok) return [`${field}.${read.problem}`]
    const opens = openingAfter(read.value, nowMs) !== undefined
    return opens ? [] : [`${field}.cron: "${spec.cron}" names no day that exists`]
  })
}

/**
 * When a rotation that is due at `dueMs` may begin: the earliest moment, not before `dueMs`, that lies inside a window
 * which is still open at `nowMs` or opens later. It stands still while its window is open. `share`, from 0 to 1, is the
 * object's own place in the window. Undefined: no window ever opens.
 */
export function nextOpportunity(
  windows: readonly WindowSpec[],
  { dueMs, nowMs, share }: { dueMs: number; nowMs: number; share: number },
): number | undefined {
  const fromMs = Math.max(dueMs, nowMs)
  const starts = windows.flatMap((spec) => {
    const read = readWindow(spec)
    if (!read.ok) return []
    const { durationMs } = read.value
    const opensMs = openingAfter(read.value, fromMs - durationMs)
    return opensMs === undefined ? [] : [Math.max(opensMs + share * spread * durationMs, dueMs)]
  })
  return starts.length === 0 ? undefined : Math.min(...starts)
}

function readWindow({ cron, duration, timeZone = 'UTC' }: WindowSpec): Result<RotationWindow> {
  const parsed = parseCron(cron)
  if (!parsed.ok) return problem(`cron: ${parsed.problem}`)
  const length = parseDuration(duration)
  if (!length.ok) return problem(`duration: ${length.problem}`)
  if (length.value === 0) return problem('duration: the window closes as it opens')
  const zone = openTimeZone(timeZone)
  if (zone === undefined) return problem(`timeZone: "${timeZone}" is no IANA time zone`)
  return ok({ cron: parsed.value, durationMs: length.value, timeZone: zone })
}

/**
 * The first opening later than `afterMs`. Wall times ascend and so do their instants, so the first that is late enough
 * is the one.
 */
function openingAfter({ cron, timeZone }: RotationWindow, afterMs: number): number | undefined {
  const earliestWallMs = timeZone.wallOf(afterMs) - wallSlackMs
  const firstDayMs = Math.floor(earliestWallMs / dayMs) * dayMs
  for (let day = 0; day <= horizonDays; day++) {
    const dayWallMs = firstDayMs + day * dayMs
    if (!cron.matchesDay(calendarDay(dayWallMs))) continue
    for (const wallMs of timesOfDay(cron, dayWallMs)) {
      if (wallMs < earliestWallMs) continue
      const instantMs = timeZone.instantOf(wallMs)
      if (instantMs > afterMs) return instantMs
    }
  }
  return undefined
}

function calendarDay(wallMs: number) {
  const date = new Date(wallMs)
  return { dayOfMonth: date.getUTCDate(), month: date.getUTCMonth() + 1, weekday: date.getUTCDay() }
}

function* timesOfDay({ hours, minutes }: Cron, dayWallMs: number): Generator<number> {
  for (const hour of hours) for (const minute of minutes) yield dayWallMs + (hour * 60 + minute) * 60_000
}
