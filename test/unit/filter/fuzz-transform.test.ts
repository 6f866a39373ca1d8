import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { checkExpression, maxObjectUnits } from '../../../src/filter/check-filter.ts'
import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import { transformExpressionOf } from '../../../src/filter/expression.ts'
import { transformLanguage } from '../../../src/filter/language.ts'
import { maxResultBytes } from '../../../src/filter/result-limits.ts'
import { anAskedEvent } from '../../support/builders/an-asked-event.ts'

/** `GWH_SEED` repeats a draw, `GWH_RUNS` sizes it: a hundred thousand take half a minute. */
const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env['GWH_RUNS'] ?? 10_000)

const texts = ['"a"', '"%s"', '"%d %05d %.2f %%"', 'event.data.text', 'event.metadata.a', 'event.id', 'event.type']
const places = ['event.subject', 'event.time', 'string(timestamp(event.time))', 'string(duration("90s"))']
const numbers = ['1', '-2', 'event.attempt', 'event.data.numbers[0]', 'timestamp(event.time).getFullYear()']
const lists = ['event.data.texts', 'event.data.numbers', 'event.data.nested', 'event.data', 'event.metadata', '[]']
const others = ['null', 'true', '0.5', '7u', 'b"ab"', 'x', 'y', 'event', 'timestamp(event.time)', 'duration("90s")']

/** By what it is meant to be, since hardly anything drawn without a plan compiles; often it is something else. */
interface Drawn {
  text: string
  number: string
  list: string
  value: string
}

const { value: expression } = fc.letrec<Drawn>((tie: fc.LetrecTypedTie<Drawn>) => {
  const text = tie('text')
  const number = tie('number')
  const list = tie('list')
  const value = tie('value')
  const depth = { depthSize: 'small', withCrossShrink: true } as const
  const loopNames = fc.constantFrom('x', 'y')
  return {
    text: fc.oneof(
      depth,
      fc.constantFrom(...texts, ...places),
      fc.tuple(text, text).map(([a, b]) => `(${a} + ${b})`),
      fc.tuple(list, text).map(([a, separator]) => `${a}.join(${separator})`),
      fc.tuple(text, fc.array(value, { maxLength: 3 })).map(([a, values]) => `${a}.format([${values.join(', ')}])`),
      value.map((a) => `json(${a})`),
      fc.oneof(number, text).map((a) => `string(${a})`),
      fc
        .tuple(text, fc.constantFrom('base64', 'upperAscii', 'trim', 'split', 'matches'))
        .map(([a, name]) => `${a}.${name}()`),
      fc.tuple(text, number).map(([a, start]) => `${a}.substring(${start})`),
    ),
    number: fc.oneof(
      depth,
      fc.constantFrom(...numbers),
      fc.oneof(text, list).map((a) => `size(${a})`),
      fc.tuple(number, fc.constantFrom('+', '-', '*', '/', '%'), number).map(([a, op, b]) => `(${a} ${op} ${b})`),
    ),
    list: fc.oneof(
      depth,
      fc.constantFrom(...lists),
      fc.tuple(list, list).map(([a, b]) => `(${a} + ${b})`),
      fc.array(value, { maxLength: 4 }).map((parts) => `[${parts.join(', ')}]`),
      fc.tuple(list, loopNames, value).map(([a, name, body]) => `${a}.map(${name}, ${body})`),
      fc.tuple(list, loopNames).map(([a, name]) => `${a}.map(${name}, [${name}, ${name}])`),
      fc.tuple(list, loopNames, value).map(([a, name, body]) => `${a}.filter(${name}, ${name} == ${body})`),
    ),
    value: fc.oneof(
      depth,
      fc.constantFrom(...others),
      text,
      number,
      list,
      fc
        .array(fc.tuple(fc.constantFrom('a', 'b', '"', 'constructor'), value), { maxLength: 3 })
        .map((entries) => `{${entries.map(([key, held]) => `${JSON.stringify(key)}: ${held}`).join(', ')}}`),
      fc.tuple(value, value, value, value).map(([a, b, c, d]) => `(${a} == ${b} ? ${c} : ${d})`),
      fc.tuple(list, fc.constantFrom('all', 'exists'), value).map(([a, name, b]) => `${a}.${name}(x, x == ${b})`),
    ),
  }
})

/** The largest that is computed with, each large in its own way, and one that has nothing of what is asked for. */
const events = [
  { text: 'a'.repeat(32_000) },
  { text: '\u0001'.repeat(5_000) },
  { text: 'é'.repeat(15_000), nested: { texts: ['b'] } },
  { texts: Array.from({ length: 100 }, (_, at) => `${at} ${'c'.repeat(290)}`), text: 'd' },
  { numbers: Array.from({ length: 100 }, (_, at) => at), nested: { a: Array.from({ length: 100 }, () => []) } },
  { nested: Array.from({ length: 19 }, () => Array.from({ length: 100 }, () => 1)), texts: ['', ''] },
  {},
].map((data) =>
  Buffer.from(
    JSON.stringify({ type: 'batch.succeeded', timestamp: '2026-11-21T11:59:58Z', data: { id: 'b', ...data } }),
  ),
)

interface CountedNode {
  readonly op: string
  evaluate?: (...args: unknown[]) => unknown
}

/** Counts what the library looks at and copies while expressions run, in the units of the estimate. */
class StepCounter {
  steps = 0

  /** Once for all expressions: their nodes share a prototype. */
  constructor() {
    const node: object = transformLanguage.createEnvironment().parse('1').ast
    const prototype = Object.getPrototypeOf(node) as Required<CountedNode>
    const { evaluate } = prototype
    const count = (op: string, value: unknown) => (this.steps += 1 + copied(op, value))
    prototype.evaluate = function (this: CountedNode, ...args) {
      const value = evaluate.apply(this, args)
      // It puts a faster one in its own place.
      delete this.evaluate
      count(this.op, value)
      return value
    }
  }
}

/** A loop hands its list from visit to visit, and does not copy it. */
function copied(op: string, value: unknown): number {
  if (!['+', 'call', 'rcall'].includes(op)) return 0
  if (typeof value === 'string') return value.length / 1_024
  return op === '+' && Array.isArray(value) ? value.length : 0
}

/** A loop has at most three nodes of its own around each visit, and looking a value up again is a step each time. */
const stepsPerUnit = 4

test(`whatever is written, nothing is made beyond bounds, and no more is done than was estimated (GWH_SEED=${seed} GWH_RUNS=${runs})`, (t) => {
  const counter = new StepCounter()
  const evaluate = createEventEvaluator()
  const seen = { refused: 0, made: 0, failed: 0 }
  const bodies = fc.oneof({ weight: 20, arbitrary: expression }, { weight: 1, arbitrary: fc.string() })
  const contentTypes = fc.constantFrom('application/json', 'text/plain')
  fc.assert(
    fc.property(bodies, contentTypes, fc.nat({ max: events.length - 1 }), (body, contentType, at) => {
      const checked = checkExpression(transformExpressionOf({ body, contentType }))
      const isRefused = !checked.ok || checked.value.units > maxObjectUnits
      if (isRefused) seen.refused += 1
      counter.steps = 0
      const facts = { id: 'msg_1', source: '/apis/x', attempt: 1 } as const
      const { verdict, transformed } = evaluate({
        filter: { typesExact: [], typesPrefix: [] },
        transform: { body, contentType, facts },
        expressions: [],
        ...anAskedEvent(events[at] ?? assert.fail()),
      })
      assert.equal(verdict, 'wanted')
      assert.equal(transformed?.type === 'invalid', isRefused)
      if (isRefused) return assert.equal(counter.steps, 0, 'what is refused is not run')
      assert.ok(
        counter.steps <= checked.value.units * stepsPerUnit,
        `${counter.steps} steps, ${checked.value.units} units`,
      )
      if (transformed?.type !== 'made') return void (seen.failed += 1)
      seen.made += 1
      assert.ok(transformed.content.length <= maxResultBytes)
      const text = new TextDecoder('utf-8', { fatal: true }).decode(transformed.content)
      if (contentType === 'application/json') JSON.parse(text)
    }),
    { numRuns: runs, seed },
  )
  t.diagnostic(JSON.stringify(seen))
  assert.ok(Math.min(seen.refused, seen.made, seen.failed) > runs / 50, JSON.stringify(seen))
})
