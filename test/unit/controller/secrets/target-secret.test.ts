import assert from 'node:assert/strict'
import { test } from 'node:test'

import { importLabel, ownerNameAnnotation, ownerUidAnnotation } from '../../../../src/api/names.ts'
import { buildTargetSecret, readTargetSecret } from '../../../../src/controller/secrets/target-secret.ts'

const owner = { uid: 'uid-1', name: 'batch-events' }
const shape = { namespace: 'ml', name: 'batch-events-signing-secret', owner, labels: {}, annotations: {} }
const secrets = { current: 'whsec_new', previous: 'whsec_old' }
const text = (base64: string | undefined) => Buffer.from(base64 ?? '', 'base64').toString('utf8')

test('the Secret says whose it is by an annotation, and has no owner that garbage collection could follow', () => {
  const { metadata } = buildTargetSecret({ ...shape, secrets })
  assert.equal(metadata.annotations?.[ownerUidAnnotation], 'uid-1')
  assert.ok(!('ownerReferences' in metadata))
})

test('one write carries the new secret, the old one, and both for a single environment variable', () => {
  const { data } = buildTargetSecret({ ...shape, secrets })
  assert.equal(text(data?.['signing-secret']), 'whsec_new')
  assert.equal(text(data?.['previous-signing-secret']), 'whsec_old')
  assert.equal(text(data?.['signing-secrets']), 'whsec_new whsec_old')
})

test('without a version it is a POST, which never overwrites; with one a PUT under optimistic lock', () => {
  assert.ok(!('resourceVersion' in buildTargetSecret(shape).metadata))
  assert.equal(buildTargetSecret({ ...shape, resourceVersion: '7' }).metadata.resourceVersion, '7')
})

const metadata = { namespace: 'ml', name: 'batch-events-signing-secret' }
for (const { name, given, want } of [
  { name: 'with our uid', given: { annotations: { [ownerUidAnnotation]: 'uid-1' } }, want: 'ours' },
  {
    name: 'from an earlier life of the object',
    given: { annotations: { [ownerUidAnnotation]: 'uid-0', [ownerNameAnnotation]: 'batch-events' } },
    want: 'ours',
  },
  {
    name: 'of another object',
    given: { annotations: { [ownerUidAnnotation]: 'uid-2', [ownerNameAnnotation]: 'other' } },
    want: 'stranger',
  },
  { name: 'without our annotation', given: {}, want: 'stranger' },
  { name: 'labelled for import', given: { labels: { [importLabel]: 'true' } }, want: 'importable' },
  {
    name: 'labelled for import that another object took over',
    given: { labels: { [importLabel]: 'true' }, annotations: { [ownerUidAnnotation]: 'uid-2' } },
    want: 'stranger',
  },
] as const) {
  test(`a Secret ${name} is ${want}`, () => {
    assert.equal(readTargetSecret({ metadata: { ...metadata, ...given } }, owner).ownership, want)
  })
}

test('a joined key that an edit made disagree is noticed, and the last writer is named', () => {
  const built = buildTargetSecret({ ...shape, secrets })
  assert.equal(readTargetSecret(built, owner).wellFormed, true)
  const managedFields = [
    { manager: 'gwh', time: '2026-11-21T10:00:00Z' },
    { manager: 'kubectl-edit', time: '2026-11-21T11:00:00Z' },
  ]
  const data = { ...built.data, 'signing-secrets': Buffer.from('whsec_old').toString('base64') }
  const edited = readTargetSecret({ ...built, metadata: { ...built.metadata, managedFields }, data }, owner)
  assert.equal(edited.wellFormed, false)
  assert.equal(edited.lastManager, 'kubectl-edit')
})
