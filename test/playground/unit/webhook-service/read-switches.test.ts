import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readSwitches } from '../../../../playground/webhook-service/read-switches.ts'
import { switchesSchema } from '../../../../playground/webhook-service/switches.ts'

test('words, numbers and texts are read as what the switch takes', () => {
  const switches = readSwitches(['autoDisable=off', 'secretBytes=64', 'pingType=2026', 'jwksCacheControl='])
  assert.deepEqual(switches, { autoDisable: 'off', secretBytes: 64, pingType: '2026', jwksCacheControl: '' })
  assert.equal(switchesSchema.safeParse(switches).success, true)
})

test('only those that were named are there, so that no other goes back to its default', () => {
  assert.deepEqual(readSwitches([]), {})
})

for (const [text, problem] of [
  ['autoDisabel=off', /there is no switch "autoDisabel": docs\/reference/],
  ['constructor=1', /there is no switch "constructor"/],
  ['autoDisable=never', /autoDisable=never: .*"off"/],
  ['autoDisableFailures=-1', /autoDisableFailures=-1: /],
] as const) {
  test(`refused: ${text}`, () => assert.throws(() => readSwitches([text]), problem))
}
