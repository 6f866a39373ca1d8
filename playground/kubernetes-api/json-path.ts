import { isObject } from './json.ts'

type Step =
  | { type: 'member'; name: string }
  | { type: 'index'; index: number }
  | { type: 'all' }
  | { type: 'filter'; path: string[]; operator: '==' | '!='; value: string | number | boolean }

/**
 * The JSONPath that printer columns use: `.a.b`, `['a']`, `[0]`, `[*]` and `[?(@.type=="Ready")]`.
 * @throws Error when the path uses anything else
 */
export function compileJsonPath(path: string): (value: unknown) => unknown[] {
  const steps = parseSteps(path)
  return (value) => steps.reduce<unknown[]>((found, step) => found.flatMap((one) => applyStep(step, one)), [value])
}

const stepPattern =
  /\.((?:\\.|[^.[\]\\])+)|\['((?:\\.|[^'\\])*)'\]|\[(-?\d+)\]|(\[\*\]|\.\*)|\[\?\(@((?:\.[A-Za-z0-9_-]+)+)\s*(==|!=)\s*("[^"]*"|'[^']*'|[^)\s]+)\)\]/y

function parseSteps(path: string): Step[] {
  const steps: Step[] = []
  stepPattern.lastIndex = 0
  while (stepPattern.lastIndex < path.length) {
    const at = stepPattern.lastIndex
    const match = stepPattern.exec(path)
    if (match === null) throw new Error(`JSONPath ${path}: cannot read the part at ${at}: ${path.slice(at)}`)
    steps.push(stepOf(match))
  }
  return steps
}

function stepOf(match: RegExpExecArray): Step {
  const [, dotted, quoted, index, all, filterPath, operator, literal] = match
  if (all !== undefined) return { type: 'all' }
  if (index !== undefined) return { type: 'index', index: Number(index) }
  if (filterPath !== undefined && literal !== undefined) {
    const path = filterPath.slice(1).split('.')
    return { type: 'filter', path, operator: operator === '!=' ? '!=' : '==', value: literalOf(literal) }
  }
  return { type: 'member', name: (dotted ?? quoted ?? '').replaceAll(/\\(.)/g, '$1') }
}

function literalOf(text: string): string | number | boolean {
  if (/^["']/.test(text)) return text.slice(1, -1)
  if (text === 'true' || text === 'false') return text === 'true'
  const number = Number(text)
  return Number.isNaN(number) ? text : number
}

function applyStep(step: Step, value: unknown): unknown[] {
  switch (step.type) {
    case 'member':
      return isObject(value) && Object.hasOwn(value, step.name) ? [value[step.name]] : []
    case 'index': {
      const item: unknown = Array.isArray(value) ? value.at(step.index) : undefined
      return item === undefined ? [] : [item]
    }
    case 'all':
      return Array.isArray(value) ? value : isObject(value) ? Object.values(value) : []
    case 'filter':
      return Array.isArray(value) ? value.filter((item) => passes(step, item)) : []
  }
}

function passes(step: Extract<Step, { type: 'filter' }>, item: unknown): boolean {
  let current = item
  for (const name of step.path) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return false
    current = current[name]
  }
  return (current === step.value) === (step.operator === '==')
}
