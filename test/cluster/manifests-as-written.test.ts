import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'

import { checkManifest } from '../../src/api/check-manifest.ts'
import { readManifests } from '../../src/cli/files/read-manifests.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'
import { mulberry32 } from '../support/builders/seeded-random.ts'

const count = 300
const seed = 20_261_129

/** Texts that YAML reads in more than one way. */
const scalars = [
  'yes', 'no', 'on', 'off', 'y', 'n', 'Yes', 'NO', 'True', 'FALSE', 'true', '"yes"', "'no'", '~', 'null', 'Null', '', '""',
  '7', '"7"', '017', '0o17', '0x1f', '0b11', '08', '1_000', '+5', '-5', '1e3', '1.0', '5.0', '.5', '1:30', '2026-11-29', 'x y', '!!str 7', '!!int "7"', '&a b', 'nan',
] // prettier-ignore

/** Lines of a manifest in which one thing stands as `SCALAR` does. */
const places = [
  'metadata: {name: NAME, labels: {release: SCALAR}}',
  'metadata: {name: NAME, annotations: {note: SCALAR}}',
  'metadata: {name: NAME, labels: {SCALAR: x}}',
  'metadata: {name: NAME, labels: SCALAR}',
  'metadata: {name: NAME, unheardOf: SCALAR}',
  'metadata: {name: NAME, finalizers: SCALAR}',
  'metadata: {name: NAME, creationTimestamp: null}',
  'spec: {suspend: SCALAR}',
  'spec: {displayName: SCALAR}',
  'spec: {rotation: SCALAR}',
  'spec: {state: SCALAR}',
  'spec: {sinks: SCALAR}',
  'spec: {sinks: [SCALAR]}',
  'spec: {sinks: [{name: a, service: {name: a, port: SCALAR}}]}',
  'spec: {sinks: [{name: a, service: {name: a}, delivery: {retry: SCALAR}}]}',
  'spec: {sinks: [{name: a, service: {name: a}, filter: {metadata: {exact: {team: SCALAR}}}}]}',
  'spec: {signingSecret: {labels: {team: SCALAR}}}',
  'spec: {displayName: a, displayName: SCALAR}',
  'spec: {sinks: [{name: a, service: {name: a}, delivery: &d {retry: 5}}, {name: b, service: {name: b}, delivery: {<<: *d, retry: SCALAR}}]}',
  'spec: {sinks: [{name: a, service: {name: a}, delivery: &d {retry: 5}}, {name: b, service: {name: b}, delivery: {<<: *d, timeout: SCALAR}}]}',
]

function manifest(random: () => number, name: string): string {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T
  const place = pick(places).replace('NAME', name).replace('SCALAR', pick(scalars))
  const metadata = place.startsWith('metadata') ? place : `metadata: {name: ${name}}`
  const spec = place.startsWith('spec')
    ? place.replace('spec: {', 'spec: {apiKeySecretRef: {name: k}, events: [batch.succeeded], ')
    : 'spec: {apiKeySecretRef: {name: k}, events: [batch.succeeded]}'
  const text = ['apiVersion: webhooks.gemini-operator.io/v1alpha1', 'kind: GeminiWebhook', metadata, spec, ''].join(
    '\n',
  )
  return random() < 0.2 ? text.replaceAll('\n', '\r\n') : text
}

await withRealApiServer('manifests as people write them', (server) => {
  before(() => applyCrds(server()))

  test(`gwh validate says of ${count} manifests what kubectl apply --dry-run=server says; seed ${seed}`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gwh-manifests-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const random = mulberry32(seed)
    const texts = Array.from({ length: count }, (_, index) => manifest(random, `m-${index}`))
    texts.forEach((text, index) => writeFileSync(join(folder, `m-${index}.yaml`), text))
    // One call for all: kubectl goes on after a refusal, and names what it took.
    const { stdout } = await server().kubectl(['apply', '--dry-run=server', '-o', 'name', '-f', folder])
    const taken = new Set(stdout.split('\n').map((line) => line.split('/')[1]))
    const differing = texts.flatMap((text, index) => {
      const [document] = readManifests(text)
      const valid = document !== undefined && 'value' in document && checkManifest(document.value).ok
      return valid === taken.has(`m-${index}`) ? [] : [`kubectl ${valid ? 'refuses' : 'takes'}:\n${text}`]
    })
    assert.deepEqual(differing, [], differing.join('\n'))
    assert.ok(taken.size > count / 5 && taken.size < count, `${taken.size} were taken`)
  })
})
