import { Environment, type ParseResult } from '@marcbachmann/cel-js'
import type { Schema, ValidationRule } from '../schema.ts'
import { findUndefinedField } from './cel-fields.ts'

export interface CompiledRule {
  rule: ValidationRule
  evaluate: ParseResult
  messageExpression?: ParseResult
  /** Names oldSelf, so it judges changes only. */
  isTransition: boolean
}

/** The rules of a schema tree, compiled once when the definition is registered; undefined branches hold no rule. */
export interface CompiledRules {
  schema: Schema
  rules: CompiledRule[]
  properties: Map<string, CompiledRules>
  values?: CompiledRules
  items?: CompiledRules
}

interface RuleProblem {
  /** Path inside the schema, such as `properties[spec].x-kubernetes-validations[0].rule`. */
  path: string
  message: string
}

/**
 * Compiles every `x-kubernetes-validations` rule of a schema. Expressions are parsed, and checked for fields that the
 * schema does not have; beyond that `self` and `oldSelf` are dynamic values, so that a wrong type shows when the rule
 * runs. There is no cost estimate.
 */
export function compileRules(schema: Schema): { compiled: CompiledRules | undefined; problems: RuleProblem[] } {
  const problems: RuleProblem[] = []
  const environment = createEnvironment()
  return { compiled: compileBranch(schema, '', environment, problems), problems }
}

function createEnvironment(): Environment {
  return new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerVariable('oldSelf', 'dyn')
    .registerFunction('string.replace(string, string): string', (text: string, from: string, to: string) =>
      text.replaceAll(from, to),
    )
    .registerFunction(
      'string.find(string): string',
      (text: string, pattern: string) => (new RegExp(pattern, 'u').exec(text) ?? [''])[0],
    )
    .registerFunction('list.sum(): dyn', (items: bigint[] | number[]) =>
      // One kind of number in one list, as CEL has it; sizes are ints.
      items.length === 0 ? 0n : (items as number[]).reduce((sum, item) => sum + item),
    )
    .registerFunction('isURL(string): bool', (text: string) => URL.canParse(text))
}

function compileBranch(
  schema: Schema,
  path: string,
  environment: Environment,
  problems: RuleProblem[],
): CompiledRules | undefined {
  const branch = (child: Schema, step: string) =>
    compileBranch(child, path === '' ? step : `${path}.${step}`, environment, problems)
  const rules = (schema['x-kubernetes-validations'] ?? []).flatMap((rule, index) => {
    const place = `${path === '' ? '' : `${path}.`}x-kubernetes-validations[${index}]`
    return compileRule(rule, { schema, place, environment, problems, isRoot: path === '' })
  })
  const properties = new Map<string, CompiledRules>()
  for (const [name, child] of Object.entries(schema.properties ?? {})) {
    const compiled = branch(child, `properties[${name}]`)
    if (compiled !== undefined) properties.set(name, compiled)
  }
  const { additionalProperties, items } = schema
  const values =
    typeof additionalProperties === 'object' ? branch(additionalProperties, 'additionalProperties') : undefined
  const inItems = items === undefined ? undefined : branch(items, 'items')
  if (rules.length === 0 && properties.size === 0 && values === undefined && inItems === undefined) return undefined
  return {
    schema,
    rules,
    properties,
    ...(values !== undefined && { values }),
    ...(inItems !== undefined && { items: inItems }),
  }
}

interface RulePlace {
  schema: Schema
  place: string
  isRoot: boolean
  environment: Environment
  problems: RuleProblem[]
}

function compileRule(rule: ValidationRule, at: RulePlace): CompiledRule[] {
  const compile = (expression: string, field: string, wanted: string): ParseResult | undefined => {
    const message = problemOf(expression, wanted, at)
    if (message !== undefined) at.problems.push({ path: `${at.place}.${field}`, message })
    return message === undefined ? at.environment.parse(expression) : undefined
  }
  const evaluate = compile(rule.rule, 'rule', 'bool')
  const { messageExpression } = rule
  const message =
    messageExpression === undefined ? undefined : compile(messageExpression, 'messageExpression', 'string')
  if (evaluate === undefined) return []
  const isTransition = /\boldSelf\b/.test(rule.rule)
  return [{ rule, evaluate, isTransition, ...(message !== undefined && { messageExpression: message }) }]
}

function problemOf(expression: string, wanted: string, { environment, schema, isRoot }: RulePlace): string | undefined {
  if (expression.trim() === '') return 'must be specified'
  const { valid, type, error } = environment.check(expression)
  if (!valid) return `compilation failed: ERROR: <input>: ${error?.summary ?? 'syntax error'}`
  const missing = findUndefinedField(environment.parse(expression).ast, schema, isRoot)
  if (missing !== undefined) return undefinedFieldText(expression, missing)
  if (type !== wanted && type !== 'dyn') return `cel expression must evaluate to a ${wanted}`
  return undefined
}

/**
 * The place is shown as CEL compilers show it: line and column of the dot before the name, and an arrow below the line.
 */
function undefinedFieldText(expression: string, { name, position }: { name: string; position: number }): string {
  const before = expression.slice(0, position).split('\n')
  const column = before.at(-1)?.length ?? 0
  const line = expression.split('\n')[before.length - 1] ?? ''
  const arrow = `${'.'.repeat(Math.max(0, column - 1))}^`
  return `compilation failed: ERROR: <input>:${before.length}:${column}: undefined field '${name}'\n | ${line}\n | ${arrow}`
}
