import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { maxExpressionNodes } from '../../../src/filter/cel-environment.ts'
import { checkExpression, maxCostUnits } from '../../../src/filter/check-filter.ts'
import { estimateCost } from '../../../src/filter/estimate-cost.ts'

const accepted = [
  'true',
  'has(event.data.id) && event.data.id.startsWith("batches/")',
  'event.type in ["batch.succeeded", "batch.failed"]',
  'event.type == "batch.failed" ? event.data.error_code == 3 : true',
  'event.metadata.team == "search" && !("dry_run" in event.metadata)',
  'has(event.timestamp) && timestamp(event.timestamp) > timestamp("2026-01-01T00:00:00Z")',
  'timestamp(event.timestamp).getHours("Europe/Berlin") < 6',
  'event.data.items.exists(item, item.name.contains("nightly"))',
  'event.data.items.all(a, event.data.items.exists(b, b.startsWith("x") || a == 1))',
  'size(event.data.items.filter(item, item > 3).map(item, item * 2)) == 2',
  'event.data.flag',
  'event["type"] == "batch.succeeded"',
  'dyn(event.data.count) > 2 && string(event.data.count).size() < 4',
]

for (const cel of accepted) {
  test(`accepts ${cel}`, () => {
    const checked = checkExpression(cel)
    assert.ok(checked.valid, checked.valid ? '' : checked.problem)
    const { units } = estimateCost(checked.expression.ast)
    assert.ok(units >= 1 && units <= maxCostUnits)
  })
}

const wrong: { cel: string; problem: RegExp }[] = [
  { cel: 'event.data.id ==', problem: /^does not compile: Unexpected token: EOF \(at character 17\)$/ },
  { cel: '', problem: /^does not compile/ },
  { cel: 'evnt.type == "a"', problem: /Unknown variable: evnt \(at character 1\)/ },
  { cel: 'event.typ == "a"', problem: /No such key: typ/ },
  { cel: 'has(event.typ)', problem: /no field "typ", only type, version, timestamp, data, metadata/ },
  { cel: 'event.type.startsWith(1)', problem: /startsWith\(int\)/ },
  { cel: 'event.type', problem: /^yields string, not a bool$/ },
  { cel: 'size(event.data)', problem: /^yields int, not a bool$/ },
  { cel: 'event.data.id.matches("(a+)+$")', problem: /matches is not available to filters; use startsWith/ },
  { cel: 'nothing(event)', problem: /^does not compile/ },
]

for (const { cel, problem } of wrong) {
  test(`says what is wrong with ${cel === '' ? 'an empty expression' : cel}`, () => {
    const checked = checkExpression(cel)
    assert.ok(!checked.valid)
    assert.match(checked.problem, problem)
  })
}

const each = (list: string, body: string, variable = 'x') => `${list}.all(${variable}, ${body})`
const items = 'event.data.items'

/** Each would hold the event loop for seconds or fill the memory, and all compile. */
const hostile: { why: string; cel: string }[] = [
  { why: 'a regular expression inside a loop', cel: each(items, 'x.matches("^(a|a)*$")') },
  { why: 'three loops', cel: each(items, each(items, each(items, 'x + y + z > 0', 'z'), 'y')) },
  {
    why: 'three loops, one of them in a receiver',
    cel: each(items, each(`${items}.map(y, ${items}.map(z, z))`, 'true', 'y')),
  },
  { why: 'a third loop inside has', cel: each(items, each(items, `[1].exists(z, has(z.a))`, 'y')) },
  {
    why: 'a loop over the square of a list',
    cel: each(`${items}.map(x, ${items}.map(y, ${items}))`, each('x', each('y', 'z > 1', 'z'), 'y')),
  },
  {
    why: 'comparing everything with everything',
    cel: each(items, each(items, 'event.data == x && event.data == y', 'y')),
  },
  { why: 'searching texts of the event in each other', cel: each(items, each(items, 'x.contains(y)', 'y')) },
  { why: 'searching a long text for a long text', cel: each(items, `x.contains("${'a'.repeat(1500)}b")`) },
  {
    why: 'doubling a text again and again',
    cel: 'cel.bind(a, event.data.s + event.data.s, cel.bind(b, a + a, b + b != ""))',
  },
  { why: 'joining the product of texts', cel: `${items}.map(x, ${items}.map(y, event.data.s).join()).join() == ""` },
  { why: 'splitting a text into a long list', cel: each('event.data.s.split("")', 'x == "a"') },
  { why: 'building calendars in loops', cel: each(items, each(items, 'x.getHours("Asia/Tokyo") == y', 'y')) },
  { why: 'bytes as JSON', cel: 'b"{}".json().a == 1' },
  { why: 'base64', cel: 'bytes(event.data.s).base64() == ""' },
  {
    why: 'lists that grow inside loops',
    cel: each(items, each(items, `size(${Array.from({ length: 40 }, () => items).join(' + ')}) > 1`, 'y')),
  },
  {
    why: 'more nodes than anybody reads',
    cel: Array.from({ length: maxExpressionNodes }, () => 'event.data.a').join(' || '),
  },
  { why: 'deep nesting', cel: `${'('.repeat(500)}true${')'.repeat(500)}` },
  { why: 'a long chain of negations', cel: `${'!'.repeat(1000)}true` },
]

for (const { why, cel } of hostile) {
  test(`refuses ${why}`, () => {
    assert.equal(checkExpression(cel).valid, false)
  })
}

const leaf = fc.constantFrom(
  '1',
  '"a"',
  'x',
  'y',
  'event.data',
  'event.data.items',
  'event.type',
  'event.metadata.a',
  'true',
)
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    leaf,
    fc
      .tuple(tie('expression'), fc.constantFrom('==', '&&', '||', '+', 'in', '<'), tie('expression'))
      .map(([a, op, b]) => `(${a} ${op} ${b})`),
    fc
      .tuple(
        tie('expression'),
        fc.constantFrom('all', 'exists', 'map', 'filter'),
        fc.constantFrom('x', 'y'),
        tie('expression'),
      )
      .map(([list, macro, name, body]) => `${list}.${macro}(${name}, ${body})`),
    fc
      .tuple(tie('expression'), fc.constantFrom('startsWith', 'contains', 'matches', 'split'))
      .map(([a, name]) => `${a}.${name}("a")`),
    tie('expression').map((a) => `[${a}, ${a}]`),
    tie('expression').map((a) => `!(${a})`),
  ),
}))

test('whatever is written, the check answers, and what it accepts is bounded in nodes, loops and cost', () => {
  fc.assert(
    fc.property(fc.oneof(expression, fc.string(), fc.string({ unit: 'grapheme-composite' })), (cel) => {
      const checked = checkExpression(cel)
      if (!checked.valid) return checked.problem !== ''
      const { units, refusals } = estimateCost(checked.expression.ast)
      return units <= maxCostUnits && refusals.length === 0 && !cel.includes('matches("')
    }),
    { numRuns: 2_000 },
  )
})
