import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'

import { gwhEnvironment } from '../support/builders/gwh-environment.ts'

const command = ['src/main.ts', 'completion', 'bash']

test('a program whose reader is gone ends like any other, without a word', async () => {
  const child = spawn(process.execPath, command, { stdio: ['ignore', 'pipe', 'pipe'], env: gwhEnvironment() })
  child.stdout.destroy() // before the program has begun to run
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.deepEqual([code, said], [141, ''])
})

test('output that cannot be written is told in a sentence', async (t) => {
  const full = openSync('/dev/full', 'w')
  t.after(() => closeSync(full))
  const child = spawn(process.execPath, command, { stdio: ['ignore', full, 'pipe'], env: gwhEnvironment() })
  assert.ok(child.stderr)
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.deepEqual([code, said], [1, 'gwh: standard output cannot be written (ENOSPC)\n'])
})
