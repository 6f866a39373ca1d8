import { ok, problem, type Result } from '../../result.ts'

/** The minutes of a year at which something happens, as five-field cron says it. */
export interface Cron {
  /** 0 to 59. */
  minutes: readonly number[]
  /** 0 to 23. */
  hours: readonly number[]
  /** Whether a calendar day counts; month 1 to 12, weekday 0 (Sunday) to 6. */
  matchesDay(day: { dayOfMonth: number; month: number; weekday: number }): boolean
}

interface Field {
  label: string
  min: number
  max: number
  /** Names from `min` on, in the order of their numbers. */
  names?: readonly string[]
}

const fields = [
  { label: 'minute', min: 0, max: 59 },
  { label: 'hour', min: 0, max: 23 },
  { label: 'day of month', min: 1, max: 31 },
  {
    label: 'month',
    min: 1,
    max: 12,
    names: ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'],
  },
  // Both 0 and 7 are Sunday.
  { label: 'day of week', min: 0, max: 7, names: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] },
] as const satisfies readonly Field[]

/**
 * Reads minute, hour, day of month, month and day of week: numbers, names of months and weekdays, `*`, ranges, steps
 * and lists. As everywhere, a day counts when either of the two day fields says so, unless one of them begins with `*`:
 * then both must.
 */
export function parseCron(text: string): Result<Cron> {
  const parts = text.trim().split(/\s+/)
  if (parts.length !== fields.length) return problem(`has ${parts.length} fields instead of five`)
  const sets: number[][] = []
  for (const [index, field] of fields.entries()) {
    const part = parts[index] ?? ''
    const set = parseField(part, field)
    if (set === undefined) return problem(`"${part}" is no ${field.label}`)
    sets.push(set)
  }
  const [minutes = [], hours = [], days = [], months = [], weekdays = []] = sets
  const weekdaySet = new Set(weekdays.map((weekday) => weekday % 7))
  const needsBoth = parts[2]?.startsWith('*') === true || parts[4]?.startsWith('*') === true
  const matchesDay: Cron['matchesDay'] = ({ dayOfMonth, month, weekday }) => {
    if (!months.includes(month)) return false
    const [byDay, byWeekday] = [days.includes(dayOfMonth), weekdaySet.has(weekday)]
    return needsBoth ? byDay && byWeekday : byDay || byWeekday
  }
  return ok({ minutes, hours, matchesDay })
}

/** The numbers that a field names, ascending; undefined when it cannot be read. */
function parseField(text: string, field: Field): number[] | undefined {
  const found = new Set<number>()
  for (const item of text.split(',')) {
    const numbers = parseItem(item, field)
    if (numbers === undefined) return undefined
    for (const number of numbers) found.add(number)
  }
  return [...found].toSorted((a, b) => a - b)
}

function parseItem(text: string, field: Field): number[] | undefined {
  const [range = '', stepText, ...rest] = text.split('/')
  const step = stepText === undefined ? 1 : parseNumber(stepText)
  if (rest.length > 0 || step === undefined || step < 1) return undefined
  const bounds = parseRange(range, field, stepText !== undefined)
  if (bounds === undefined) return undefined
  const numbers: number[] = []
  for (let number = bounds.from; number <= bounds.to; number += step) numbers.push(number)
  return numbers
}

function parseRange(text: string, field: Field, hasStep: boolean): { from: number; to: number } | undefined {
  if (text === '*') return { from: field.min, to: field.max }
  const [first = '', last, ...rest] = text.split('-')
  const from = parseValue(first, field)
  // "5/15" counts on from 5 to the end, as "5-59/15" does.
  const to = last === undefined ? (hasStep ? field.max : from) : parseValue(last, field)
  if (rest.length > 0 || from === undefined || to === undefined || from > to) return undefined
  return { from, to }
}

function parseValue(text: string, { min, max, names = [] }: Field): number | undefined {
  const named = names.indexOf(text.toLowerCase())
  const value = named >= 0 ? named + min : parseNumber(text)
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function parseNumber(text: string): number | undefined {
  return /^[0-9]{1,4}$/.test(text) ? Number(text) : undefined
}
