import assert from 'node:assert/strict'
import { test } from 'node:test'

import { portIn } from '../../../bench/started-line.ts'

const started = { event: 'receiver.started', portKey: 'port' }
const line = (details: object) => `${JSON.stringify(details)}\n`

test('the port stands in the line of the event, whichever key the event has in that version', () => {
  const before = line({ msg: 'role.starting', port: 1 })
  assert.equal(portIn(before + line({ msg: 'receiver.started', port: 8080, healthPort: 9 }), started), 8080)
  assert.equal(portIn(before + line({ message: 'receiver.started', port: 8081 }), started), 8081)
})

test('a log without the line, or with half of it, has no port yet', () => {
  assert.equal(portIn('', started), undefined)
  assert.equal(portIn(line({ message: 'role.starting', port: 1 }), started), undefined)
  assert.equal(portIn('{"message":"receiver.started","port":80', started), undefined)
})
