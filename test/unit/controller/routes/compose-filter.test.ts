import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkExpression } from '../../../../src/filter/check-filter.ts'
import { composeSinks, indexedFilterOf } from '../../../../src/controller/routes/compose-filter.ts'

const sink = (cel?: string) => ({
  name: 's',
  uri: 'https://a.example.com/',
  ...(cel !== undefined && { filter: { cel } }),
})
const celOf = (route: string | undefined, own?: string) => {
  const { sinks, problem } = composeSinks(route === undefined ? undefined : { cel: route }, [sink(own)])
  return { cel: sinks[0]?.filter?.cel, problem }
}

test('the expression of the route stands in front of that of each sink, and alone where a sink has none', () => {
  assert.equal(celOf('has(event.data.id)').cel, 'has(event.data.id)')
  assert.equal(celOf(undefined, 'true').cel, 'true')
  assert.equal(celOf('has(event.data.id)', 'true').cel, '(has(event.data.id)\n) && (true\n)')
})

test('a comment at the end of either expression hides nothing of the other', () => {
  const { cel = '' } = celOf('true // all of them', 'false // none')
  assert.equal(checkExpression(cel).ok, true)
  const { cel: single = '' } = celOf('true // all', undefined)
  assert.equal(checkExpression(single).ok, true)
})

test('two halves that are wrong by themselves never make a whole: what waits is held, not sent to everybody', () => {
  assert.equal(checkExpression('(true) || (true\n) && (false\n)').ok, true, 'this is what they would make')
  const open = celOf('true) || (true', 'false')
  assert.equal(open.cel, 'true) || (true')
  assert.equal(checkExpression(open.cel ?? '').ok, false)
  assert.match(open.problem ?? '', /does not compile/)
  const closing = celOf('false', 'true) || (true')
  assert.equal(closing.cel, 'true) || (true')
  assert.equal(closing.problem, undefined, 'it is that of the sink, which is told with it')
})

test('other parts of the filter of a sink stay', () => {
  const types = { exact: ['batch.succeeded'] }
  const { sinks } = composeSinks({ cel: 'true' }, [{ ...sink(), filter: { types } }])
  assert.deepEqual(sinks[0]?.filter, { types, cel: 'true' })
})

test('the index is told types and metadata, and nothing where every event passes', () => {
  assert.equal(indexedFilterOf(undefined), undefined)
  assert.equal(indexedFilterOf({ cel: 'true' }), undefined)
  assert.deepEqual(indexedFilterOf({ types: { exact: ['a.b'] } }), { typesExact: ['a.b'], typesPrefix: [] })
  assert.deepEqual(indexedFilterOf({ metadata: { exact: { a: '1' }, prefix: { b: '2' } }, cel: 'true' }), {
    typesExact: [],
    typesPrefix: [],
    metadataExact: { a: '1' },
    metadataPrefix: { b: '2' },
  })
})
