import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { crdPath } from '../../tools/generate-crd.ts'
import { generators } from '../../tools/generators.ts'

for (const generate of generators) {
  for (const [path, text] of Object.entries(generate())) {
    test(`${path} is what "npm run generate" writes`, () => assert.equal(readFileSync(path, 'utf8'), text))
  }
}

test('the CRD stays below 150 KB, so that kubectl apply can keep it in an annotation', () => {
  const bytes = readFileSync(crdPath).length
  assert.ok(bytes > 10_000 && bytes < 150_000, `${bytes} bytes`)
})
