import type { ParseResult } from '@marcbachmann/cel-js'

import { createCelEnvironment } from './cel-environment.ts'
import { estimateCost } from './estimate-cost.ts'

/** Steps that one event may cost at worst, about a fifth of a second on a slow core for an event made for it. Most filters cost less than a thousand. */
export const maxCostUnits = 250_000

export type FilterCheck = { valid: true; expression: ParseResult } | { valid: false; problem: string }

/**
 * The check that the controller makes when an object is applied and the receiver makes again before it runs an expression: the same code, so that what
 * was accepted is what runs. A problem is a phrase without a full stop that says what is wrong with the expression. Never throws.
 */
export function checkExpression(text: string): FilterCheck {
  const environment = createCelEnvironment()
  const { valid, type, error } = environment.check(text)
  if (!valid) return invalid(`does not compile: ${error?.summary ?? 'syntax error'}${placeOf(error)}`)
  if (type !== 'bool' && type !== 'dyn') return invalid(`yields ${type ?? 'nothing'}, not a bool`)
  const expression = environment.parse(text)
  const { refusals, units } = estimateCost(expression.ast)
  if (refusals[0] !== undefined) return invalid(`is refused: ${refusals[0]}`)
  if (units > maxCostUnits) {
    const times = Math.ceil(units / maxCostUnits)
    return invalid(`may cost ${times} times what one event may cost: use fewer loops or shorter search texts`)
  }
  return { valid: true, expression }
}

function placeOf(error: { range?: { start: number } } | undefined): string {
  return error?.range === undefined ? '' : ` (at character ${error.range.start + 1})`
}

function invalid(problem: string): FilterCheck {
  return { valid: false, problem }
}
