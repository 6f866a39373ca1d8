import assert from 'node:assert/strict'
import { test } from 'node:test'

import { checkManifest } from '../../../../src/api/check-manifest.ts'
import { readManifests } from '../../../../src/cli/files/read-manifests.ts'

const head = 'apiVersion: webhooks.gemini-operator.io/v1alpha1\nkind: GeminiWebhook\n'
const spec = 'spec: {apiKeySecretRef: {name: k}, events: [batch.succeeded]'

/** What kubectl apply --dry-run=server said of each on Kubernetes 1.36. */
const verdicts: { name: string; text: string; taken: boolean }[] = [
  { name: 'yes is a boolean', text: `metadata: {name: a}\n${spec}, suspend: yes}`, taken: true },
  { name: 'so is no, where text is wanted', text: `metadata: {name: a}\n${spec}, displayName: no}`, taken: false },
  { name: 'a quoted no is text', text: `metadata: {name: a}\n${spec}, displayName: "no"}`, taken: true },
  {
    name: 'a null is as if it were not there',
    text: `metadata: {name: a}\n${spec}, sinks: null, rotation: ~}`,
    taken: true,
  },
  { name: 'a number is no label', text: `metadata: {name: a, labels: {release: 7}}\n${spec}}`, taken: false },
  {
    name: 'a port is no text',
    text: `metadata: {name: a}\n${spec}, sinks: [{name: a, service: {name: a, port: "80"}}]}`,
    taken: false,
  },
  {
    name: 'merge keys are merged',
    text: `metadata: {name: a}\n${spec}, sinks: [{name: a, service: {name: a}, delivery: &d {retry: 5}}, {name: b, service: {name: b}, delivery: {<<: *d, timeout: 5s}}]}`,
    taken: true,
  },
  { name: 'a field of metadata that nobody knows', text: `metadata: {name: a, unheardOf: x}\n${spec}}`, taken: false },
]

for (const { name, text, taken } of verdicts) {
  test(`as kubectl says: ${name}`, () => {
    for (const end of ['\n', '\r\n']) {
      const [document] = readManifests(`${head}${text}\n`.replaceAll('\n', end))
      assert.ok(document !== undefined && 'value' in document)
      const checked = checkManifest(document.value)
      assert.equal(checked.ok, taken, JSON.stringify(checked))
      assert.deepEqual(document.warnings, [])
    }
  })
}

test('a repeated key counts the last time, and is worth a warning', () => {
  const [document] = readManifests('spec:\n  displayName: one\n  displayName: two\n')
  assert.ok(document !== undefined && 'value' in document)
  assert.deepEqual(document.value, { spec: { displayName: 'two' } })
  assert.deepEqual(document.warnings, [
    'the key displayName stands here twice: the last one counts, and kubectl says nothing',
  ])
})

test('numbers are read as Go reads them', () => {
  const [document] = readManifests('[017, 0o17, 0x1f, 0b11, 1_000, +5, 1.5, 1:30, 2026-11-29]')
  assert.ok(document !== undefined && 'value' in document)
  assert.deepEqual(document.value, [15, 15, 31, 3, 1000, 5, 1.5, '1:30', '2026-11-29'])
})
