import type { Environment, ParseResult } from '@marcbachmann/cel-js'

import { ok, problem, type Result } from '../result.ts'
import { createCelEnvironment } from './cel-environment.ts'
import { estimateCost } from './estimate-cost.ts'

/**
 * Steps that one event may cost at worst, for all expressions of an object together: less than ten milliseconds on a
 * slow core for an event made for it. A filter on a few fields costs less than a hundred; searching one text, or
 * comparing each element of a list, some hundreds.
 */
export const maxObjectUnits = 5_000

/**
 * `units`: what one event may cost at worst. A problem is a phrase without a full stop that says what is wrong with the
 * expression.
 */
export type FilterCheck = Result<CheckedFilter>
export interface CheckedFilter {
  readonly expression: ParseResult
  readonly units: number
}

let sharedEnvironment: Environment | undefined

/** Whether an expression may run at all, whatever else its object has. Never throws. */
export function checkExpression(text: string): FilterCheck {
  // Making one takes longer than most checks. It is not changed after it was made.
  sharedEnvironment ??= createCelEnvironment()
  const { type, error } = sharedEnvironment.check(text)
  if (error !== undefined) return problem(`does not compile: ${error.summary}${placeOf(error.range)}`)
  if (type !== 'bool' && type !== 'dyn') return problem(`yields ${type ?? 'nothing'}, not a bool`)
  const expression = sharedEnvironment.parse(text)
  const { refusals, units } = estimateCost(expression.ast)
  if (refusals[0] !== undefined) return problem(`is refused: ${refusals[0]}`)
  return ok({ expression, units })
}

/**
 * What becomes of each of an object's expressions, by their text; a text that several sinks have counts as often. The
 * check that the controller makes when an object is applied and the receivers make again before they run an expression:
 * the same code, so that what was accepted is what runs. Where all together may cost more than `maxObjectUnits`, the
 * cheapest run and the most expensive do not. Never throws. `check` may remember.
 */
export function checkExpressions(
  texts: readonly string[],
  check: (text: string) => FilterCheck = checkExpression,
): ReadonlyMap<string, FilterCheck> {
  const checks = new Map(texts.map((text) => [text, check(text)]))
  const costOf = (text: string) => {
    const checked = checks.get(text)
    return checked?.ok === true ? checked.value.units * texts.filter((other) => other === text).length : 0
  }
  // What may not run costs nothing, and so comes first.
  const costs = [...checks.keys()].map((text) => ({ text, units: costOf(text) })).toSorted((a, b) => a.units - b.units)
  let total = 0
  for (const { text, units } of costs) {
    total += units
    if (total > maxObjectUnits) checks.set(text, problem(tooDear(units, total)))
  }
  return checks
}

function tooDear(units: number, total: number): string {
  const over = `${steps(total - maxObjectUnits)} more than the ${steps(maxObjectUnits)} that all filters of an object may cost`
  const shorten = 'use fewer loops and shorter search texts'
  if (total === units) return `may cost ${steps(units)} steps for one event, ${over}: ${shorten}`
  return `may cost ${steps(units)} steps for one event, with the cheaper filters of this object ${steps(total)}, ${over}: ${shorten}, or move this sink to an object of its own`
}

function steps(count: number): string {
  return Math.ceil(count).toLocaleString('en-US')
}

function placeOf(range: { start: number } | undefined): string {
  // Stryker disable next-line ConditionalExpression: the library allows itself an error without a place, but makes none
  return range === undefined ? '' : ` (at character ${range.start + 1})`
}
