import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkExpression, checkExpressions, rememberChecks } from '../../../src/filter/check-filter.ts'
import { createEventEvaluator } from '../../../src/filter/evaluate-event.ts'
import type { TransformQuestion } from '../../../src/filter/evaluate-transform.ts'
import { deadLetterExpressionOf, expressionsIn, transformExpressionOf } from '../../../src/filter/expression.ts'
import { anAskedEvent } from '../../support/builders/an-asked-event.ts'
import { batchSucceeded } from '../../support/builders/an-event.ts'

const names = [
  'event.deadletterreason',
  'event.deadlettersink',
  'event.deadletterattempts',
  'event.deadlettercause',
  'event.deadletterstatus',
]
const all = `[${names.join(', ')}]`
const story = { reason: 'Rejected', sink: 'worker', attempts: 3, cause: 'status', status: 422 } as const

function made(body: string, deadLetter?: TransformQuestion['facts']['deadLetter'], contentType = 'application/json') {
  const facts = { id: 'msg_1', source: '/apis/x', attempt: 1, ...(deadLetter !== undefined && { deadLetter }) }
  const filter = { typesExact: [], typesPrefix: [] }
  const question = { filter, transform: { body, contentType, facts }, expressions: [] }
  const { transformed } = createEventEvaluator()({ ...question, ...anAskedEvent(Buffer.from(batchSucceeded)) })
  return transformed?.type === 'made' ? Buffer.from(transformed.content).toString() : transformed
}

test('a transform of dead letters sees how the event became one, beside what every transform sees', () => {
  assert.equal(made(all, story), '["Rejected","worker",3,"status",422]')
  assert.equal(made('[event.subject, event.type, event.id]', story), '["batches/abc123","batch.succeeded","msg_1"]')
  assert.equal(
    made('event.deadletterreason + " at " + event.deadlettersink', story, 'text/plain'),
    'Rejected at worker',
  )
})

test('what was not known when the event was given up is absent, and can be asked for', () => {
  const { cause: _cause, status: _status, ...less } = story
  const body = 'has(event.deadlettercause) ? event.deadlettercause : "?"'
  assert.deepEqual([made(body, story), made(body, less)], ['"status"', '"?"'])
  assert.deepEqual(made('event.deadletterstatus', less), { type: 'failed', cause: 'expressionFailed' })
})

for (const name of names) {
  test(`${name} is refused where there is no dead letter`, () => {
    const inTransform = checkExpression(transformExpressionOf({ body: name }))
    const inFilter = checkExpression(`has(${name})`)
    assert.match(inTransform.ok ? '' : inTransform.problem, /does not compile: No such key: deadletter/)
    assert.match(inFilter.ok ? '' : inFilter.problem, /no field "deadletter/)
    assert.deepEqual(made(name), { type: 'invalid' })
    assert.ok(checkExpression(deadLetterExpressionOf({ body: name })).ok)
  })
}

test('a misspelt name and a value that is no message are refused as in any transform', () => {
  const problems = ['event.deadletterreasons', 'event'].map((body) => {
    const checked = checkExpression(deadLetterExpressionOf({ body }))
    return checked.ok ? '' : checked.problem
  })
  assert.match(problems[0] ?? '', /does not compile: No such key: deadletterreasons/)
  assert.match(problems[1] ?? '', /yields Event/)
})

test('one text of a sink and of its dead letters is two expressions, each with its own answer', () => {
  const transform = { body: 'event.deadletterreason' }
  const expressions = expressionsIn([{ transform, deadLetterTransform: transform }])
  const checks = checkExpressions(expressions, rememberChecks(10))
  assert.equal(checks.get(transformExpressionOf(transform))?.ok, false)
  assert.equal(checks.get(deadLetterExpressionOf(transform))?.ok, true)
})

test('it shares what all expressions of the object may cost', () => {
  const dear = { body: '[event.data, event.data, event.data, event.data]' }
  const deadLetterTransform = { body: `[${Array.from({ length: 6 }, () => 'event.data').join(', ')}]` }
  const alone = checkExpressions(expressionsIn([{ deadLetterTransform }]))
  const beside = checkExpressions(expressionsIn([{ transform: dear, deadLetterTransform }]))
  assert.equal(alone.get(deadLetterExpressionOf(deadLetterTransform))?.ok, true)
  const checked = beside.get(deadLetterExpressionOf(deadLetterTransform))
  assert.match(checked?.ok === false ? checked.problem : '', /with the cheaper expressions of this object/)
})
