import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { crdPaths } from '../../tools/generate-crds.ts'
import { generators } from '../../tools/generators.ts'

for (const generate of generators) {
  for (const [path, text] of Object.entries(generate())) {
    test(`${path} is what "npm run generate" writes`, () => assert.equal(readFileSync(path, 'utf8'), text))
  }
}

test('the CRDs stay below 150 KB, so that kubectl apply can keep each in an annotation', () => {
  const sizes = crdPaths.map((path) => readFileSync(path).length)
  for (const bytes of sizes) assert.ok(bytes > 10_000, `${bytes} bytes`)
  const together = sizes.reduce((sum, bytes) => sum + bytes, 0)
  assert.ok(together < 150_000, `${together} bytes together`)
})
