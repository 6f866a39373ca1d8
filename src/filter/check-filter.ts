import type { Environment, ParseResult } from '@marcbachmann/cel-js'

import { ok, problem, type Result } from '../result.ts'
import { estimateCost } from './estimate-cost.ts'
import { keyOf, type Expression, type TransformExpression } from './expression.ts'
import { deadLetterTransformLanguage, filterLanguage, transformLanguage, type Language } from './language.ts'
import { memoize } from './memoize.ts'
import { encodingUnits } from './transform-functions.ts'

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
export type ExpressionCheck = Result<CheckedExpression>
export interface CheckedExpression {
  readonly expression: ParseResult
  readonly units: number
}

export type CheckExpression = (expression: Expression) => ExpressionCheck

/** What becomes of each expression of an object; undefined: it is not one of them. */
export interface ExpressionChecks {
  get(expression: Expression): ExpressionCheck | undefined
}

/** Making one takes longer than most checks. They are not changed after they were made. */
const environments = new Map<Language, Environment>()

/** Whether an expression may run at all, whatever else its object has. Never throws. */
export function checkExpression(expression: Expression): ExpressionCheck {
  return typeof expression === 'string'
    ? checkIn(filterLanguage, expression, { wrongType: filterTypeProblem, unitsOf: () => 0 })
    : checkTransform(expression)
}

/** Remembers the last answers for each kind of expression, `bound` of them at most. */
export function rememberChecks(bound: number): CheckExpression {
  const filter = memoize((text) => checkExpression(text), bound)
  const remembering = (use: Omit<TransformExpression, 'text'>) =>
    memoize((text) => checkTransform({ ...use, text }), bound)
  const transforms = { json: remembering({ yields: 'json' }), text: remembering({ yields: 'text' }) }
  const ofDeadLetters = {
    json: remembering({ yields: 'json', isOfDeadLetter: true }),
    text: remembering({ yields: 'text', isOfDeadLetter: true }),
  }
  return (expression) => {
    if (typeof expression === 'string') return filter(expression)
    const { text, yields, isOfDeadLetter } = expression
    return (isOfDeadLetter === true ? ofDeadLetters : transforms)[yields](text)
  }
}

interface Use {
  /** What is wrong with a type that the expression yields, if anything. */
  readonly wrongType: (type: string) => string | undefined
  /** What is done with its value costs that. */
  readonly unitsOf: Parameters<typeof estimateCost>[2]
}

function checkTransform({ text, yields, isOfDeadLetter }: TransformExpression): ExpressionCheck {
  const wrongType = yields === 'json' ? jsonTypeProblem : textTypeProblem
  const language = isOfDeadLetter === true ? deadLetterTransformLanguage : transformLanguage
  return checkIn(language, text, { wrongType, unitsOf: encodingUnits })
}

function checkIn(language: Language, text: string, { wrongType, unitsOf }: Use): ExpressionCheck {
  const environment = environments.get(language) ?? language.createEnvironment()
  environments.set(language, environment)
  const { type = 'nothing', error } = environment.check(text)
  if (error !== undefined) return problem(`does not compile: ${error.summary}${placeOf(error.range)}`)
  const mistyped = wrongType(type)
  if (mistyped !== undefined) return problem(mistyped)
  const expression = environment.parse(text)
  const { refusals, units } = estimateCost(expression.ast, language, unitsOf)
  if (refusals[0] !== undefined) return problem(`is refused: ${refusals[0]}`)
  return ok({ expression, units })
}

function filterTypeProblem(type: string): string | undefined {
  return type === 'bool' || type === 'dyn' ? undefined : `yields ${type}, not a bool`
}

const withoutJson: ReadonlySet<string> = new Set(['Event', 'type', 'CelNamespace', 'nothing'])

function jsonTypeProblem(type: string): string | undefined {
  return withoutJson.has(type) ? `yields ${type}, which has no form in JSON` : undefined
}

function textTypeProblem(type: string): string | undefined {
  if (type === 'string' || type === 'dyn') return undefined
  return `yields ${type}, not a string, which its content type asks for: use string() or json()`
}

/**
 * What becomes of each of an object's expressions; one that several sinks have counts as often. The check that the
 * controller makes when an object is applied and the receivers make again before they run an expression: the same code,
 * so that what was accepted is what runs. Where all together may cost more than `maxObjectUnits`, the cheapest run and
 * the most expensive do not. Never throws. `check` may remember.
 */
export function checkExpressions(
  expressions: readonly Expression[],
  check: CheckExpression = checkExpression,
): ExpressionChecks {
  const checks = new Map(expressions.map((expression) => [keyOf(expression), check(expression)]))
  const keys = expressions.map(keyOf)
  const costOf = (key: string) => {
    const checked = checks.get(key)
    return checked?.ok === true ? checked.value.units * keys.filter((other) => other === key).length : 0
  }
  // What may not run costs nothing, and so comes first.
  const costs = [...checks.keys()].map((key) => ({ key, units: costOf(key) })).toSorted((a, b) => a.units - b.units)
  let total = 0
  for (const { key, units } of costs) {
    total += units
    if (total > maxObjectUnits) checks.set(key, problem(tooDear(units, total)))
  }
  return { get: (expression) => checks.get(keyOf(expression)) }
}

function tooDear(units: number, total: number): string {
  const over = `${steps(total - maxObjectUnits)} more than the ${steps(maxObjectUnits)} that all expressions of an object may cost`
  const shorten = 'use fewer loops and shorter search texts'
  if (total === units) return `may cost ${steps(units)} steps for one event, ${over}: ${shorten}`
  return `may cost ${steps(units)} steps for one event, with the cheaper expressions of this object ${steps(total)}, ${over}: ${shorten}, or move this sink to an object of its own`
}

function steps(count: number): string {
  return Math.ceil(count).toLocaleString('en-US')
}

function placeOf(range: { start: number } | undefined): string {
  // Stryker disable next-line ConditionalExpression: the library allows itself an error without a place, but makes none
  return range === undefined ? '' : ` (at character ${range.start + 1})`
}
