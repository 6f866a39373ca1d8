import assert from 'node:assert/strict'
import { test } from 'node:test'

import { candidatesFor } from '../../../../src/cli/completion/candidates.ts'
import { gwhCommands } from '../../../support/processes/gwh-command.ts'

/** What `gwh WORDS` may become, the last word being under the cursor, and what would be looked up for it. */
function complete(line: string) {
  const { known, lookUp } = candidatesFor(line.split(' '), gwhCommands())
  return { values: known.map(({ value }) => value), kind: lookUp?.kind, prefix: lookUp?.prefix }
}

test('the first word is a command, with what it does; hidden ones are not offered', () => {
  const { known } = candidatesFor([''], gwhCommands())
  assert.ok(known.every(({ about }) => about !== undefined && about !== ''))
  const values = known.map(({ value }) => value)
  assert.ok(values.includes('status') && values.includes('completion'))
  assert.ok(!values.some((value) => value.startsWith('_')))
})

test('flags may stand before the command, and their values are completed there', () => {
  assert.ok(complete('-n ml ').values.includes('status'))
  assert.deepEqual(complete('-A status '), { values: [], kind: 'webhookOrRoute', prefix: '' })
  assert.deepEqual(complete('--').values, ['--help', '--version'])
})

const lookedUp: [line: string, kind: string, prefix: string][] = [
  ['status ', 'webhookOrRoute', ''],
  ['doctor ', 'webhookOrRoute', ''],
  ['ping -n ml ', 'webhook', ''],
  ['ping ml/', 'webhook', ''],
  ['deadletters --webhook ', 'webhookOrRoute', ''],
  ['deadletters --webhook=ml', 'webhookOrRoute', '--webhook='],
  ['inbox --webhook=groute/', 'webhookOrRoute', '--webhook='],
  ['drain ', 'receiver', ''],
  ['drain gwh-receiver-1 --to ', 'receiver', ''],
  ['inbox --pods=', 'receiver', '--pods='],
  ['inbox --pods=a,b', 'receiver', '--pods=a,'],
  ['inbox --pods a,b', 'receiver', 'a,'],
  ['status -n ', 'namespace', ''],
  ['status --context ', 'context', ''],
  ['validate a.yaml ', 'file', ''],
  ['send --data-file=', 'file', '--data-file='],
]
for (const [line, kind, prefix] of lookedUp) {
  test(`gwh ${line}<TAB> looks up names of a ${kind}`, () => {
    assert.deepEqual(complete(line), { values: [], kind, prefix })
  })
}

test('words of a flag are offered after it, after its letter, and after =', () => {
  const words = ['text', 'json', 'yaml', 'wide', 'name']
  assert.deepEqual(complete('status -o ').values, words)
  assert.deepEqual(complete('status --output ').values, words)
  assert.deepEqual(
    complete('status --output=').values,
    words.map((word) => `--output=${word}`),
  )
  assert.deepEqual(complete('completion ').values, ['bash', 'zsh', 'fish'])
})

test('the flags of a command are its own, and nothing is offered where it takes nothing', () => {
  const { values } = complete('rotate --')
  assert.ok(values.includes('--revoke-previous') && values.includes('--help'))
  assert.ok(!values.includes('--sink'))
  for (const line of ['ping ml/batch-events ', 'inbox ', 'rotate --request-id ', 'sing ', 'status --no-such='])
    assert.deepEqual(complete(line), { values: [], kind: undefined, prefix: undefined }, line)
})
