import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

import { gwhEnvironment } from '../support/builders/gwh-environment.ts'

const count = 2_000
const leavesOpen = `
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { after, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
createServer(() => {}).listen(0, '127.0.0.1')
after(async () => {
  for (let turns = 0; turns < 100; turns += 1) await turn()
  writeFileSync(new URL('cleaned-up', import.meta.url), '')
})
for (let at = 0; at < ${count}; at += 1) {
  test('number ' + at + ' ' + 'x'.repeat(200), () => {
    if (at === ${count - 1}) throw new Error('the last one fails')
  })
}
`

test('a file that leaves something open ends, after its hooks and with all that it has to tell', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'gwh-end-with-the-tests-'))
  t.after(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'open.test.mjs'), leavesOpen)
  const { NODE_TEST_CONTEXT: _ofThisFile, ...env } = gwhEnvironment()
  const args = [
    '--import',
    './test/support/end-with-the-tests.ts',
    '--test-reporter',
    'tap',
    join(folder, 'open.test.mjs'),
  ]
  const runner = spawn(process.execPath, ['--test', ...args], { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const told = runner.stdout.toArray()
  const [code] = (await once(runner, 'close')) as [number]
  const output = Buffer.concat(await told).toString()
  assert.match(output, new RegExp(`^# tests ${count}$`, 'm'))
  assert.match(output, /the last one fails/)
  assert.equal(code, 1)
  assert.deepEqual(await readdir(folder), ['cleaned-up', 'open.test.mjs'])
})
