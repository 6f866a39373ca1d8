import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readProgramFile, workerUrl } from '../../src/program-file.ts'

test('a file of the program is read from beside it, and one that is not there is an error', () => {
  assert.match(readProgramFile('main.ts').toString(), /^#!\/usr\/bin\/env node\n/)
  assert.throws(() => readProgramFile('static/absent.html'), { code: 'ENOENT' })
})

test('from the sources a worker thread runs its source', () => {
  const source = new URL('file:///somewhere/worker.ts')
  assert.equal(workerUrl({ source, bundled: 'worker.mjs' }), source)
})
