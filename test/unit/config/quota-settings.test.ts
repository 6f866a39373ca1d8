import assert from 'node:assert/strict'
import { test } from 'node:test'

import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'

function parse(quotas: string) {
  return parseSettings(receiverSettings, { flags: [`--quotas=${quotas}`], env: {} })
}

test('quotas are a weight and a share at most, by namespace and for every other one', () => {
  const parsed = parse('*=1:50%,ml=4,play-2=2:1%')
  assert.ok(parsed.type === 'config', JSON.stringify(parsed))
  assert.deepEqual(parsed.config.quotas, [
    { namespace: '*', weight: 1, maxShare: 0.5 },
    { namespace: 'ml', weight: 4, maxShare: 1 },
    { namespace: 'play-2', weight: 2, maxShare: 0.01 },
  ])
})

for (const [given, what] of [
  ['ml', /"ml" is not a quota such as ml=4:50%/],
  ['ml=0', /"ml=0" is not a quota .* a weight from 1 to 100/],
  ['ml=101', /is not a quota/],
  ['ml=4:50', /is not a quota .* from 1% to 100%/],
  ['ml=4:0%', /is not a quota/],
  ['ml=4:101%', /is not a quota/],
  ['Ml=4', /"Ml=4" is not a quota/],
  ['a/b=4', /is not a quota/],
  ['ml=4,ml=5', /"ml=5" names ml a second time; leave one out/],
  ['*=4,*=4', /names \* a second time/],
] as const) {
  test(`the quotas ${given} are refused with what to write instead`, () => {
    const parsed = parse(given)
    assert.ok(parsed.type === 'errors')
    assert.match(parsed.errors.join('\n'), what)
  })
}
