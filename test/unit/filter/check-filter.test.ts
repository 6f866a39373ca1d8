import assert from 'node:assert/strict'
import { test } from 'node:test'

import { maxExpressionNodes } from '../../../src/filter/cel-environment.ts'
import {
  checkExpression,
  checkExpressions,
  maxObjectUnits,
  type ExpressionCheck,
} from '../../../src/filter/check-filter.ts'
import { estimateCost } from '../../../src/filter/estimate-cost.ts'

/** The only expression of an object. */
function alone(cel: string): ExpressionCheck {
  return checkExpressions([cel]).get(cel) ?? assert.fail('no answer')
}

const accepted = [
  'true',
  'has(event.data.id) && event.data.id.startsWith("batches/")',
  'event.type in ["batch.succeeded", "batch.failed"]',
  'event.type == "batch.failed" ? event.data.error_code == 3 : true',
  'event.metadata.team == "search" && !("dry_run" in event.metadata)',
  'has(event.timestamp) && timestamp(event.timestamp) > timestamp("2026-01-01T00:00:00Z")',
  'timestamp(event.timestamp).getHours("Europe/Berlin") < 6',
  'event.data.items.exists(item, item.name.contains("nightly"))',
  'size(event.data.items.filter(item, item > 3).map(item, item * 2)) == 2',
  'event.data.flag',
  'event["type"] == "batch.succeeded"',
  'event.data.code in [1, "one"]',
  'dyn(event.data.count) > 2 && string(event.data.count).size() < 4',
]

for (const cel of accepted) {
  test(`accepts ${cel}`, () => {
    const checked = alone(cel)
    assert.ok(checked.ok, checked.ok ? '' : checked.problem)
    const { units } = estimateCost(checked.value.expression.ast)
    assert.equal(checked.value.units, units)
    assert.ok(units >= 1 && units <= maxObjectUnits)
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
    assert.ok(!checked.ok)
    assert.match(checked.problem, problem)
  })
}

function problemOf(cel: string, texts: readonly string[] = [cel]): string {
  const checked = checkExpressions(texts).get(cel)
  return checked === undefined || checked.ok ? '' : checked.problem
}

const allowed = 'the 5,000 that all expressions of an object may cost'
const shorten = 'use fewer loops and shorter search texts'

/** Each character that is searched costs eight steps, all the rest of it 520. */
const search = (characters: number, letter = 'a') => `!event.data.a.contains("${letter.repeat(characters)}") || true`

test('a filter may cost exactly what an object may cost, and one that may cost more is told how much', () => {
  const most = search((maxObjectUnits - 520) / 8)
  assert.equal(problemOf(most), '')
  assert.equal(problemOf(`!(${most})`), `may cost 5,001 steps for one event, 1 more than ${allowed}: ${shorten}`)
  const fraction = `${most} || b"ab" == b"ab"`
  assert.equal(problemOf(fraction), `may cost 5,006 steps for one event, 6 more than ${allowed}: ${shorten}`)
  assert.equal(problemOf(search(1_560)), `may cost 13,000 steps for one event, 8,000 more than ${allowed}: ${shorten}`)
})

test('the filters of an object share what it may cost: the dearest give way, whatever their order', () => {
  const [cheap, middle, dear] = [search(60), search(200), search(400)]
  const what = `may cost 3,720 steps for one event, with the cheaper expressions of this object 6,840, 1,840 more than ${allowed}: ${shorten}, or move this sink to an object of its own`
  for (const texts of [
    [cheap, middle, dear],
    [dear, middle, cheap],
  ]) {
    assert.equal(problemOf(cheap, texts), '')
    assert.equal(problemOf(middle, texts), '')
    assert.equal(problemOf(dear, texts), what)
  }
})

test('the same filter at several sinks costs as often as it stands there', () => {
  const filter = search(60)
  const many = (count: number) => Array.from({ length: count }, () => filter)
  assert.equal(problemOf(filter, many(5)), '')
  assert.match(problemOf(filter, many(6)), /^may cost 6,000 steps for one event, 1,000 more than/)
  assert.equal(problemOf('true', ['true', ...many(6)]), '', 'the others are not affected')
})

test('sixteen filters that each concatenate texts in a loop are refused, alone and together', () => {
  const cel = 'event.data.l.exists(x, (event.data.a + event.data.a).size() == 3)'
  const texts = Array.from({ length: 16 }, (_, at) => `${cel} || ${at} == -1`)
  const checks = checkExpressions(texts)
  assert.ok(texts.every((text) => checks.get(text)?.ok === false))
})

test('an expression that may not run costs the others nothing', () => {
  const most = search((maxObjectUnits - 520) / 8)
  assert.equal(problemOf(most, [most, 'event.typo == 1', search(100, 'b').replace('||', '|')]), '')
})

const each = (list: string, body: string, variable = 'x') => `${list}.all(${variable}, ${body})`
const items = 'event.data.items'

/** Each would hold a processor for long or fill the memory, and all compile. */
const hostile: { why: string; cel: string }[] = [
  { why: 'two lists in each other', cel: each(items, `${items}.exists(y, y.startsWith("x") || x == 1)`) },
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
    assert.equal(alone(cel).ok, false)
  })
}
