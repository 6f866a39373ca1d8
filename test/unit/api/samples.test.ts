import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { parseAllDocuments } from 'yaml'

import { checkManifest, checkRouteManifest } from '../../../src/api/check-manifest.ts'
import { kindName, routeKindName } from '../../../src/api/kind.ts'

const samples = globSync('deploy/samples/*.yaml').flatMap((file) =>
  parseAllDocuments(readFileSync(file, 'utf8'))
    .map((document) => document.toJS() as { kind?: string; metadata: { name: string; namespace?: string } })
    .map((manifest) => ({ file, manifest })),
)
const ofKind = (kind: string) => samples.filter(({ manifest }) => manifest.kind === kind)

test('there are samples', () => {
  assert.ok(ofKind(kindName).length >= 2 && ofKind(routeKindName).length >= 2)
})

for (const { file, manifest } of ofKind(kindName)) {
  test(`${file} is valid`, () => assert.deepEqual(checkManifest(manifest), { ok: true, value: manifest }))
}

for (const { file, manifest } of ofKind(routeKindName)) {
  test(`${file} is valid, and the webhook that it names is a sample too`, () => {
    const checked = checkRouteManifest(manifest)
    assert.deepEqual(checked, { ok: true, value: manifest })
    const { name, namespace } = checked.ok ? checked.value.spec.webhookRef : {}
    assert.ok(
      ofKind(kindName).some(
        (each) => each.manifest.metadata.name === name && each.manifest.metadata.namespace === namespace,
      ),
    )
  })
}
