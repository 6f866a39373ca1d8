import assert from 'node:assert/strict'
import { test } from 'node:test'

import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'

const baseUrl = '--base-url=https://hooks.ml-team.dev'

test('both roles take names of events by what is meant', () => {
  const given = '--event-aliases=batch.completed=batch.succeeded,Webhook-Test.v2=ping'
  const expected = new Map([
    ['batch.completed', 'batch.succeeded'],
    ['Webhook-Test.v2', 'ping'],
  ])
  const receiver = parseSettings(receiverSettings, { flags: [given], env: {} })
  assert.ok(receiver.type === 'config', JSON.stringify(receiver))
  assert.deepEqual(receiver.config.eventAliases, expected)
  const controller = parseSettings(controllerSettings, { flags: [baseUrl, given], env: {} })
  assert.ok(controller.type === 'config', JSON.stringify(controller))
  assert.deepEqual(controller.config.eventAliases, expected)
})

test('an event has the name that Google gives it where nothing is said', () => {
  const parsed = parseSettings(receiverSettings, { flags: [], env: {} })
  assert.ok(parsed.type === 'config')
  assert.equal(parsed.config.eventAliases.size, 0)
})

for (const [given, what] of [
  ['batch.completed', /"batch.completed" is no alias such as batch.completed=batch.succeeded/],
  ['=batch.succeeded', /is no alias/],
  ['batch.completed=', /is no alias/],
  ['batch.completed=Batch', /is no alias/],
  ['a b=batch.succeeded', /is no alias/],
  [`${'a'.repeat(129)}=ping`, /is no alias/],
  [`a=${'b'.repeat(129)}`, /is no alias/],
  ['a=ping,a=batch.failed', /"a=batch.failed" names a a second time; leave one out/],
  ['a=b,b=ping', /"a=b" leads from a to b, which is an alias itself; write the name that it stands for/],
  ['a=a', /leads from a to a/],
  ['batch.succeeded=batch.failed', /gives another name to batch.succeeded, which is known as it is; before the =/],
  ['batch.cancelled=batch.failed', /gives another name to batch.cancelled, which is known/],
  ['batch.succeeded=batch.completed', /gives another name to batch.succeeded/],
  ['batch.completed=batch.suceeded', /to batch.suceeded, which is no known event; known are ping, batch.succeeded, /],
  [Array.from({ length: 65 }, (_, at) => `a${at}=ping`).join(), /has more than 64 entries/],
] as const) {
  test(`the aliases ${given.slice(0, 40)} are refused with what to write instead`, () => {
    const parsed = parseSettings(receiverSettings, { flags: [`--event-aliases=${given}`], env: {} })
    assert.ok(parsed.type === 'errors', JSON.stringify(parsed))
    assert.match(parsed.errors.join('\n'), what)
  })
}
