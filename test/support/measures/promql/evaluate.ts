import { unreachable } from '../../../../src/unreachable.ts'
import type { AggregateName, BinaryName, Expression, FunctionName, Matcher } from './expression.ts'
import { keyOf, type Labels, type Point, type SampleHistory } from './sample-history.ts'

export interface Element {
  labels: Labels
  value: number
}

/**
 * The instant vector that an expression gives at a time, by Prometheus' rules; a scalar is one element without labels.
 */
export function evaluate(expression: Expression, history: SampleHistory, atMs: number): Element[] {
  switch (expression.type) {
    case 'number':
      return [{ labels: {}, value: expression.value }]
    case 'selector':
      if (expression.rangeMs !== undefined) throw new SyntaxError('a range is only an argument of a function')
      return history.instant(expression.matchers, atMs)
    case 'call':
      return call(expression.name, expression.argument, history, atMs)
    case 'aggregate':
      return aggregate(expression.operator, expression.by, evaluate(expression.operand, history, atMs))
    case 'binary':
      return binary(expression, history, atMs)
    default:
      return unreachable(expression)
  }
}

function call(name: FunctionName, argument: Expression, history: SampleHistory, atMs: number): Element[] {
  switch (name) {
    case 'abs':
      return evaluate(argument, history, atMs).map(({ labels, value }) => ({
        labels: withoutName(labels),
        value: Math.abs(value),
      }))
    case 'absent':
      return evaluate(argument, history, atMs).length > 0 ? [] : [{ labels: labelsOf(argument), value: 1 }]
    case 'increase':
    case 'rate':
    case 'max_over_time': {
      if (argument.type !== 'selector' || argument.rangeMs === undefined) throw new SyntaxError(`${name} needs a range`)
      const { matchers, rangeMs } = argument
      return history.range(matchers, atMs, rangeMs).flatMap(({ labels, points }) => {
        const value =
          name === 'max_over_time'
            ? Math.max(...points.map((point) => point.value))
            : increaseOf(points, { fromMs: atMs - rangeMs, toMs: atMs })
        if (value === undefined) return []
        return [{ labels: withoutName(labels), value: name === 'rate' ? value / (rangeMs / 1000) : value }]
      })
    }
    default:
      return unreachable(name)
  }
}

/**
 * How much a counter grew in a window, resets taken for a start at zero, extrapolated to the edges of the window as
 * Prometheus does: by half a scrape interval at most where the samples end early, and never below zero. Undefined with
 * less than two samples.
 */
function increaseOf(points: readonly Point[], window: { fromMs: number; toMs: number }): number | undefined {
  const [first] = points
  const last = points.at(-1)
  if (first === undefined || last === undefined || points.length < 2) return undefined
  const resets = points.reduce((sum, { value }, at) => {
    const before = points[at - 1]?.value ?? 0
    return value < before ? sum + before : sum
  }, 0)
  const grown = last.value - first.value + resets
  const sampledMs = last.atMs - first.atMs
  const averageMs = sampledMs / (points.length - 1)
  const edge = (gapMs: number) => (gapMs >= averageMs * 1.1 ? averageMs / 2 : gapMs)
  const untilZeroMs = grown > 0 && first.value >= 0 ? sampledMs * (first.value / grown) : Infinity
  const beforeMs = Math.min(edge(first.atMs - window.fromMs), untilZeroMs)
  const afterMs = edge(window.toMs - last.atMs)
  return grown * ((sampledMs + beforeMs + afterMs) / sampledMs)
}

function aggregate(operator: AggregateName, by: readonly string[], elements: readonly Element[]): Element[] {
  const groups = new Map<string, { labels: Labels; values: number[] }>()
  for (const { labels, value } of elements) {
    const kept = Object.fromEntries(by.flatMap((name) => (labels[name] === undefined ? [] : [[name, labels[name]]])))
    const group = groups.get(keyOf(kept)) ?? { labels: kept, values: [] }
    group.values.push(value)
    groups.set(keyOf(kept), group)
  }
  const folds = { sum: (a: number, b: number) => a + b, min: Math.min, max: Math.max }
  return [...groups.values()].map(({ labels, values }) => ({
    labels,
    value: values.reduce((a, b) => folds[operator](a, b)),
  }))
}

function binary(
  { operator, left, right }: Extract<Expression, { type: 'binary' }>,
  history: SampleHistory,
  atMs: number,
): Element[] {
  const lefts = evaluate(left, history, atMs)
  const rights = evaluate(right, history, atMs)
  const isScalar = right.type === 'number'
  const keys = new Map(rights.map((element) => [keyOf(withoutName(element.labels)), element]))
  if (operator === 'or') {
    const own = new Set(lefts.map(({ labels }) => keyOf(withoutName(labels))))
    return [...lefts, ...rights.filter(({ labels }) => !own.has(keyOf(withoutName(labels))))]
  }
  return lefts.flatMap(({ labels, value }) => {
    const other = isScalar ? rights[0] : keys.get(keyOf(withoutName(labels)))
    if (other === undefined) return []
    if (operator === '/') return [{ labels: withoutName(labels), value: value / other.value }]
    return holds(operator, value, other.value) ? [{ labels, value }] : []
  })
}

function holds(operator: Exclude<BinaryName, 'or' | '/'>, left: number, right: number): boolean {
  switch (operator) {
    case '==':
      return left === right
    case '!=':
      return left !== right
    case '>':
      return left > right
    case '<':
      return left < right
    case '>=':
      return left >= right
    case '<=':
      return left <= right
    default:
      return unreachable(operator)
  }
}

/** What `absent` can tell about the series that is not there. */
function labelsOf(argument: Expression): Labels {
  const matchers: Matcher[] = argument.type === 'selector' ? argument.matchers : []
  const equal = matchers.filter(({ operator, label }) => operator === '=' && label !== '__name__')
  return Object.fromEntries(equal.map(({ label, value }) => [label, value]))
}

function withoutName(labels: Labels): Labels {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== '__name__'))
}
