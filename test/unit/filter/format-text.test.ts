import assert from 'node:assert/strict'
import { test } from 'node:test'

import { TooLargeError } from '../../../src/filter/encode-json.ts'
import { formatText } from '../../../src/filter/format-text.ts'
import { maxResultBytes } from '../../../src/filter/result-limits.ts'

const filled: { template: string; values: unknown[]; text: string }[] = [
  { template: 'nothing', values: [], text: 'nothing' },
  { template: '100%%', values: [], text: '100%' },
  { template: '%s and %s', values: ['a', true], text: 'a and true' },
  { template: '%s', values: ['%s'], text: '%s' },
  { template: '%s %s', values: [12n, 0.5], text: '12 0.5' },
  { template: '%s', values: [new Date('2026-11-21T11:59:58Z')], text: '2026-11-21T11:59:58Z' },
  { template: '%s', values: [new Date('2026-11-21T11:59:58.5Z')], text: '2026-11-21T11:59:58.500Z' },
  { template: '%d', values: [-12n], text: '-12' },
  { template: '%04d-%02d-%02d', values: [2026n, 1n, 22n], text: '2026-01-22' },
  { template: '%03d', values: [-7n], text: '-07' },
  { template: '%f', values: [1.5], text: '1.500000' },
  { template: '%.2f', values: [2n], text: '2.00' },
  { template: '%.0f', values: [2.4], text: '2' },
  { template: '%.20f', values: [1e20], text: `1${'0'.repeat(20)}.${'0'.repeat(20)}` },
]

for (const { template, values, text } of filled) {
  test(`${template} with ${values.map(String).join() || 'nothing'} is ${text}`, () =>
    assert.equal(formatText(template, values), text))
}

const refused: { why: string; template: string; values: unknown[] }[] = [
  { why: 'a value is missing', template: '%s', values: [] },
  { why: 'a value is left over', template: '', values: ['a'] },
  { why: 'the verb is unknown', template: '%x', values: [1n] },
  { why: 'a percent sign stands alone', template: '50%', values: [1n] },
  { why: 'a fraction is asked for as a whole number', template: '%d', values: [0.5] },
  { why: 'a text is asked for as a number', template: '%f', values: ['1'] },
  { why: 'a list has no text', template: '%s', values: [[1n]] },
  { why: 'null has no text', template: '%s', values: [null] },
  { why: 'a number is to have 65 places', template: '%065d', values: [1n] },
  { why: 'a number is to have 21 digits', template: '%.21f', values: [1n] },
]

for (const { why, template, values } of refused) {
  test(`throws where ${why}`, () => assert.throws(() => formatText(template, values), Error))
}

test('a text beyond what results may have is not made', () => {
  const half = 'a'.repeat(maxResultBytes / 2)
  assert.equal(formatText('%s%s', [half, half]).length, maxResultBytes)
  assert.throws(() => formatText('%s%s!', [half, half]), TooLargeError)
  assert.throws(() => formatText('%s%s%s', [half, half, half]), TooLargeError)
})

test('a template of nothing but percent signs, which its sender chooses, costs what was estimated', () => {
  const template = '%%'.repeat(15_000)
  const begunMs = process.cpuUsage().user / 1_000
  for (let run = 0; run < 20; run += 1) assert.equal(formatText(template, []).length, 15_000)
  // Each may cost two thousand steps of two microseconds; all of them took a second.
  const spentMs = process.cpuUsage().user / 1_000 - begunMs
  assert.ok(spentMs < 200, `${spentMs} ms`)
})
