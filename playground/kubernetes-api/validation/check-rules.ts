import { isDeepStrictEqual } from 'node:util'
import { EvaluationError, Optional, type ParseResult } from '@marcbachmann/cel-js'
import { duplicate, forbiddenField, invalidValue, required, wholeObject, type FieldError } from '../field-error.ts'
import { isObject, type JsonObject } from '../json.ts'
import type { Schema, ValidationRule } from '../schema.ts'
import { celValue } from './cel-value.ts'
import type { CompiledRule, CompiledRules } from './compile-rules.ts'
import { correlateItems } from './correlate.ts'

/**
 * Runs the rules of a schema over a value. Rules without `oldSelf` skip what an update left unchanged; transition rules
 * run only where there is an old value to compare with (or where the rule says `optionalOldSelf`).
 */
export function checkRules(branch: CompiledRules, value: unknown, field: string, old?: unknown): FieldError[] {
  const unchanged = old !== undefined && isDeepStrictEqual(value, old)
  const here = branch.rules
    .filter(({ isTransition, rule }) =>
      isTransition ? old !== undefined || rule.optionalOldSelf === true : !unchanged,
    )
    .flatMap((rule) => checkRule(rule, branch.schema, value, field, old))
  return [...here, ...checkBelow(branch, value, field, old)]
}

function checkBelow(branch: CompiledRules, value: unknown, field: string, old: unknown): FieldError[] {
  if (Array.isArray(value)) {
    const { items } = branch
    if (items === undefined) return []
    const before = correlateItems(branch.schema, old)
    return value.flatMap((item, index) => checkRules(items, item, `${field}[${index}]`, before(item)))
  }
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, part]) => {
    const below = branch.properties.get(name) ?? branch.values
    if (below === undefined) return []
    return checkRules(below, part, field === '' ? name : `${field}.${name}`, isObject(old) ? old[name] : undefined)
  })
}

function checkRule(compiled: CompiledRule, schema: Schema, value: unknown, field: string, old: unknown): FieldError[] {
  const { rule } = compiled
  const place = field === '' ? wholeObject : field
  const isRoot = field === ''
  const context: JsonObject = { self: celValue(schema, value, isRoot) }
  if (compiled.isTransition) context['oldSelf'] = oldSelf(rule, schema, old, isRoot)
  const outcome = evaluate(compiled.evaluate, context)
  if (outcome.failed) {
    const about = rule.message ?? rule.rule
    return [invalidValue(place, `${outcome.why} evaluating rule: ${about.trim()}`, celTypeName(value))]
  }
  if (outcome.value === true) return []
  return [failure(rule, messageOf(compiled, context), placeOf(rule, field))]
}

/** With `optionalOldSelf` the old value is a CEL optional: the rule also runs where there was none. */
function oldSelf(rule: ValidationRule, schema: Schema, old: unknown, isRoot: boolean): unknown {
  if (rule.optionalOldSelf !== true) return celValue(schema, old, isRoot)
  return old === undefined ? Optional.none() : Optional.of(celValue(schema, old, isRoot))
}

function failure(rule: ValidationRule, message: string, place: string): FieldError {
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return forbiddenField(place, message)
    case 'FieldValueRequired':
      return required(place, message)
    case 'FieldValueDuplicate':
      return duplicate(place)
    default:
      return invalidValue(place, message)
  }
}

function messageOf({ rule, messageExpression }: CompiledRule, context: JsonObject): string {
  if (messageExpression !== undefined) {
    const outcome = evaluate(messageExpression, context)
    if (!outcome.failed && typeof outcome.value === 'string' && isUsableMessage(outcome.value)) return outcome.value
  }
  return rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`
}

function isUsableMessage(text: string): boolean {
  return text.trim() !== '' && !text.includes('\n')
}

function placeOf(rule: ValidationRule, field: string): string {
  const relative = rule.fieldPath ?? ''
  if (relative === '') return field === '' ? wholeObject : field
  const steps = relative.replaceAll(/\['([^']*)'\]/g, '.$1').replace(/^\./, '')
  return field === '' ? steps : `${field}.${steps}`
}

type Outcome = { failed: false; value: unknown } | { failed: true; why: string }

function evaluate(expression: ParseResult, context: JsonObject): Outcome {
  try {
    return { failed: false, value: expression(context) as unknown }
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error
    const why = error.code === 'no_such_key' ? error.summary.replace(/^No such key/, 'no such key') : error.summary
    return { failed: true, why }
  }
}

function celTypeName(value: unknown): string {
  return Array.isArray(value) ? 'array' : isObject(value) ? 'object' : typeof value
}
