import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parseAllDocuments } from 'yaml'

import { checkManifest } from '../../../src/api/check-manifest.ts'
import { kindName } from '../../../src/api/kind.ts'

const samples = globSync('deploy/samples/*.yaml').flatMap((file) =>
  parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS() as { kind?: string })
    .filter(({ kind }) => kind === kindName)
    .map((manifest) => ({ file, manifest })),
)

test('there are samples', () => assert.ok(samples.length >= 2))

for (const { file, manifest } of samples) {
  test(`${file} is valid`, () => assert.deepEqual(checkManifest(manifest), { ok: true, value: manifest }))
}
