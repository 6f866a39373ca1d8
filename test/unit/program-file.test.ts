import assert from 'node:assert/strict'
import { test } from 'node:test'

import { workerUrl } from '../../src/program-file.ts'

test('from the sources a worker thread runs its source', () => {
  const source = new URL('file:///somewhere/worker.ts')
  assert.equal(workerUrl({ source, bundled: 'worker.mjs' }), source)
})
