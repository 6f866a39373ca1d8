import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { basename } from 'node:path'
import { before, describe, test } from 'node:test'

import { parseAllDocuments } from 'yaml'

import { geminiEventTypes } from '../../src/contract/consumers/gemini-events.ts'
import type { KubernetesObject } from '../../src/kubernetes/client.ts'
import { eventBody } from '../../playground/webhook-service/events.ts'
import { switchesSchema } from '../../playground/webhook-service/switches.ts'
import { runInstalled } from '../support/processes/installed-program.ts'
import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'

const files = globSync('examples/*/*.yaml').toSorted()
const objectsOf = (path: string) =>
  parseAllDocuments(readFileSync(path, 'utf8')).map((document) => document.toJS() as KubernetesObject)

/** What Kubernetes itself knows, and we: others' kinds are not there. */
const isKnown = ({ apiVersion = '' }: KubernetesObject) => !/argoproj|knative/.test(apiVersion)

await withRealApiServer('the manifests of the examples, on a real API server', (server) => {
  before(async () => {
    await applyCrds(server())
    await server().kubectl(['create', 'namespace', 'argo'])
  })
  for (const path of files) {
    const known = objectsOf(path).filter(isKnown)
    if (known.length === 0) continue
    test(`${path} is accepted, without an unknown field`, async () => {
      const input = known.map((object) => JSON.stringify(object)).join('\n---\n')
      const args = ['apply', '--dry-run=server', '--validate=strict', '-f', '-']
      const { code, stderr } = await server().kubectl(args, { input })
      assert.equal(code, 0, stderr)
    })
  }
})

test('every webhook is valid, without a warning', () => {
  const webhooks = files.filter((file) => file.endsWith('webhook.yaml'))
  const { length } = webhooks
  assert.ok(length >= 8, webhooks.join())
  const gwh = { command: [process.execPath, 'src/main.ts'] } as const
  const { status, stdout, stderr } = runInstalled(gwh, ['validate', ...webhooks], '.')
  const told = { status: 0, stdout: `${length} of ${length} are valid.\n`, stderr: '' }
  assert.deepEqual({ status, stdout, stderr }, told)
})

test('each example has a page, a manifest, and a row in the index', () => {
  const index = readFileSync('examples/README.md', 'utf8')
  const examples = globSync('examples/*/').map((folder) => basename(folder))
  assert.ok(examples.length >= 7, examples.join())
  for (const name of examples) {
    assert.match(index, new RegExp(`^\\| \\[${name}\\]\\(${name}/README\\.md\\)`, 'm'))
    assert.ok(name === 'verify' || globSync(`examples/${name}/*.yaml`).length > 0, name)
  }
})

void describe('what others take from an event is in it', () => {
  test('Knative: every Trigger chooses by types that are sent', () => {
    const triggers = objectsOf('examples/knative/triggers.yaml').filter(
      ({ kind }) => kind === 'Trigger',
    ) as (KubernetesObject & {
      spec: { filter?: { attributes: { type: string } }; filters?: { prefix: { type: string } }[] }
    })[]
    assert.ok(triggers.length >= 2)
    const types = geminiEventTypes.map((type) => `com.google.gemini.${type}`)
    for (const { metadata, spec } of triggers) {
      const exact = spec.filter?.attributes.type
      const prefixes = spec.filters?.map(({ prefix }) => prefix.type) ?? []
      const chosen = types.filter((type) => type === exact || prefixes.some((prefix) => type.startsWith(prefix)))
      assert.ok(chosen.length > 0, metadata.name)
    }
  })

  test('Argo: the selector and the parameters of the binding name what the body has', () => {
    const text = readFileSync('examples/argo-workflows/workflow.yaml', 'utf8')
    const switches = switchesSchema.parse({})
    const body = eventBody({
      type: 'batch.succeeded',
      timestamp: '2026-11-21T11:59:58Z',
      data: { id: 'batches/a' },
      switches,
    })
    const payload = JSON.parse(Buffer.from(body).toString()) as unknown
    const paths = [...text.matchAll(/payload((?:\.\w+)+)/g)].map(([, path = '']) => path.slice(1).split('.'))
    assert.ok(paths.length >= 2)
    for (const path of paths) {
      const found = path.reduce<unknown>((value, key) => Reflect.get(value as object, key), payload)
      assert.equal(typeof found, 'string', path.join('.'))
    }
    const [, type = ''] = /payload\.type == "([^"]+)"/.exec(text) ?? []
    assert.ok(
      geminiEventTypes.some((known) => known === type),
      type,
    )
    const [, discriminator = ''] = /discriminator == "([^"]+)"/.exec(text) ?? []
    const webhook = readFileSync('examples/argo-workflows/webhook.yaml', 'utf8')
    assert.ok(webhook.includes(`path: /api/v1/events/argo/${discriminator}\n`))
  })
})
