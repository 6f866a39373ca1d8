import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parse } from 'yaml'

import { sampleFile } from '../../../../src/roles/sandbox/sample-file.ts'

test('the sandbox writes down the sample that docs and the README show', () => {
  assert.deepEqual(parse(sampleFile), parse(readFileSync('deploy/samples/worker-and-events.yaml', 'utf8')))
})
