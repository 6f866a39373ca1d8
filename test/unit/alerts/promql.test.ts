import assert from 'node:assert/strict'
import { test } from 'node:test'

import { evaluate } from '../../support/measures/promql/evaluate.ts'
import { parseExpression } from '../../support/measures/promql/expression.ts'
import { SampleHistory } from '../../support/measures/promql/sample-history.ts'

// Prometheus' own engine (github.com/prometheus/prometheus v0.315.0, promqltest) gives the same answers to the same
// series.
const minute = 60_000
const target = { pod: 'a' }

/** One scrape a minute, from minute 0 on. */
function scraped(...expositions: string[]): SampleHistory {
  const history = new SampleHistory()
  expositions.forEach((text, at) => history.add(at * minute, target, text))
  return history
}
const values = (text: string, history: SampleHistory, atMinute: number) =>
  evaluate(parseExpression(text), history, atMinute * minute).map(({ value }) => value)

test('a sample counts for five minutes, and no longer than its target shows it', () => {
  const history = scraped('up 1', 'up 1', '')
  assert.deepEqual(values('up', history, 1), [1])
  assert.deepEqual(values('up', history, 2), [])
  const silent = scraped('up 1')
  assert.deepEqual(values('up', silent, 4), [1])
  assert.deepEqual(values('up', silent, 5), [])
})

test('matchers compare whole values, and a missing label is an empty one', () => {
  const history = scraped('m{code="404",verb="get"} 1\nm{code="4040"} 2\nm 3')
  assert.deepEqual(values('m{code="404"}', history, 0), [1])
  assert.deepEqual(values('m{code=~"4.4"}', history, 0), [1])
  assert.deepEqual(values('m{code!=""}', history, 0), [1, 2])
  assert.deepEqual(values('m{code!~"4.+", verb!="get"}', history, 0), [3])
})

test('an increase is extrapolated to the window by at most half an interval at each side, and never below zero', () => {
  const history = scraped('c 10', 'c 11', 'c 12', 'c 13', 'c 14')
  assert.deepEqual(values('increase(c[4m])', history, 4), [4])
  assert.deepEqual(values('increase(c[10m])', history, 4), [5 - 0.5])
  const fromZero = scraped('c 0', 'c 0', 'c 4')
  assert.deepEqual(values('increase(c[10m])', fromZero, 2), [4])
  assert.deepEqual(values('rate(c[4m])', history, 4), [4 / 240])
})

test('a counter that starts again did not fall, and one sample is no increase', () => {
  assert.deepEqual(values('increase(c[2m])', scraped('c 5', 'c 7', 'c 1'), 2), [2])
  assert.deepEqual(values('increase(c[10m])', scraped('', 'c 5'), 1), [])
})

test('comparisons filter, divisions match by label, aggregations keep the named labels', () => {
  const history = scraped('used{pod2="x"} 9\nused{pod2="y"} 1\nmost{pod2="x"} 10\nmost{pod2="y"} 10')
  assert.deepEqual(values('used / most > 0.8', history, 0), [0.9])
  assert.deepEqual(evaluate(parseExpression('sum by (pod, none) (used)'), history, 0), [
    { labels: { pod: 'a' }, value: 10 },
  ])
  assert.deepEqual(values('max by (pod) (used) == 9', history, 0), [9])
  assert.deepEqual(values('used > 8 or used < 2 or most', history, 0), [9, 1])
})

test('what is absent has the labels that were asked for', () => {
  const history = scraped('m 1', 'm 1')
  assert.deepEqual(values('absent(m)', history, 1), [])
  assert.deepEqual(evaluate(parseExpression('absent(n{role="x"})'), history, minute), [
    { labels: { role: 'x' }, value: 1 },
  ])
})

for (const text of ['sum(m)', 'histogram_quantile(0.9, m)', 'm{code=}', 'm[5x]', 'm or', '(m', 'm ?']) {
  test(`"${text}" is beyond what alerts may use, and said so`, () => {
    assert.throws(() => parseExpression(text), SyntaxError)
  })
}
