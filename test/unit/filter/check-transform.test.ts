import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { checkExpression, maxObjectUnits } from '../../../src/filter/check-filter.ts'
import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import { expressionsIn, transformExpressionOf } from '../../../src/filter/expression.ts'
import { anAskedEvent } from '../../support/builders/an-asked-event.ts'

const unitsOf = (body: string, contentType = 'application/json') => {
  const checked = checkExpression(transformExpressionOf({ body, contentType }))
  assert.ok(checked.ok, checked.ok ? '' : checked.problem)
  return checked.value.units
}

function problemOf(body: string, contentType = 'application/json'): string {
  const checked = checkExpression(transformExpressionOf({ body, contentType }))
  return checked.ok ? '' : checked.problem
}

/** Of docs/reference/transforms.md: what a message usually costs leaves room for those of several sinks. */
const usual = [
  '{"text": "Batch " + event.data.id + ": " + event.type}',
  '{"text": "%s %s (attempt %d)".format([event.type, event.subject, event.attempt])}',
  '{"id": event.id, "type": event.type, "job": event.subject, "finished_at": event.time}',
]

for (const body of usual) {
  test(`${body} costs less than a fifth of what an object may cost`, () => {
    assert.ok(unitsOf(body) < maxObjectUnits / 5, `${unitsOf(body)} steps`)
  })
}

test('the whole of an event may be sent on', () => assert.ok(unitsOf('{"event": event.data}') < maxObjectUnits))

const wrong: { body: string; contentType?: string; problem: RegExp }[] = [
  { body: '{"text": event.typ}', problem: /^does not compile: No such key: typ \(at character \d+\)$/ },
  {
    body: 'has(event.typ)',
    problem: /no field "typ", only type, .*, metadata, mode, age, id, source, subject, time, attempt$/,
  },
  { body: 'event', problem: /^yields Event, which has no form in JSON$/ },
  { body: 'type(event.data)', problem: /^yields type, which has no form in JSON$/ },
  { body: 'cel', problem: /^yields CelNamespace, which has no form in JSON$/ },
  {
    body: 'event.attempt',
    contentType: 'text/plain',
    problem: /^yields int, not a string, which its content type asks for/,
  },
  {
    body: '"a".matches("b")',
    problem: /^is refused: the function matches is not available to transforms; use startsWith/,
  },
  { body: '"a,b".split(",")', problem: /^is refused: the function split is not available to transforms$/ },
  { body: '{"constructor": 1}', problem: /^is refused: a map cannot have the key "constructor"$/ },
  { body: '{"a": {"__proto__": 1}}', problem: /^is refused: a map cannot have the key "__proto__"$/ },
  { body: 'event.data.a == event.data.b ? event.data.map(x, event.data) : []', problem: /^may cost/ },
]

for (const { body, contentType, problem } of wrong) {
  test(`says what is wrong with ${body}`, () => {
    const checked = checkExpression(transformExpressionOf({ body, ...(contentType !== undefined && { contentType }) }))
    if (problem.source.startsWith('^may')) return assert.ok(checked.ok && checked.value.units > maxObjectUnits)
    assert.match(problemOf(body, contentType), problem)
  })
}

test('one text is another expression as a filter, as JSON and as a text', () => {
  const filter = { cel: '"a"' }
  const sinks = [{ filter, transform: { body: '"a"' } }, { transform: { body: '"a"', contentType: 'text/plain' } }, {}]
  assert.deepEqual(expressionsIn(sinks), ['"a"', { text: '"a"', yields: 'json' }, { text: '"a"', yields: 'text' }])
})

const page = readFileSync('docs/reference/transforms.md', 'utf8')

test('the steps on the page of transforms are what these expressions cost', () => {
  const rows = [...page.matchAll(/^\| `(\{.*\})` +\| +([\d,]+) \|$/gm)]
  assert.ok(rows.length >= 5, `${rows.length} rows`)
  for (const [, body = '', steps] of rows) {
    assert.equal(Math.round(unitsOf(body)).toLocaleString('en-US'), steps, body)
  }
})

test('every example on the page of transforms may run, and makes something of a batch', () => {
  const examples = [...page.matchAll(/^```cel\n(.*)\n```$/gm)].map(([, body = '']) => body)
  assert.ok(examples.length >= 5, `${examples.length} examples`)
  const evaluate = createEventEvaluator()
  const facts = { id: 'msg_1', source: '/apis/x', attempt: 1 } as const
  const body = Buffer.from('{"type":"batch.failed","timestamp":"2026-11-21T11:59:58Z","data":{"id":"batches/1"}}')
  for (const example of examples) {
    assert.ok(unitsOf(example) < maxObjectUnits, example)
    const transform = { body: example, contentType: 'application/json', facts }
    const filter = { typesExact: [], typesPrefix: [] }
    assert.equal(
      evaluate({ filter, transform, expressions: [], ...anAskedEvent(body) }).transformed?.type,
      'made',
      example,
    )
  }
})
