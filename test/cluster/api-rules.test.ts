import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { before, test } from 'node:test'

import { parse } from 'yaml'

import { applyCrds, withRealApiServer } from '../support/processes/real-api-server.ts'
import { invalidResources, invalidRoutes, validResources, validRoutes } from '../support/builders/resource-fixtures.ts'
import { checkManifest, checkRouteManifest } from '../../src/api/check-manifest.ts'
import type { GeminiRouteManifest } from '../../src/api/gemini-route.ts'
import type { GeminiWebhookManifest } from '../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookPath, kindName, pluralName, routePluralName } from '../../src/api/kind.ts'
import { crdPath, crdPaths } from '../../tools/generate-crds.ts'
import { eventually } from '../support/measures/eventually.ts'
import { aMutatedManifest, aMutatedRoute } from '../support/builders/a-mutated-manifest.ts'
import { geminiRoutePath } from '../support/builders/route-path.ts'

interface Refusal {
  message: string
  details?: { causes?: { field: string; message: string; reason: string }[] }
}

type Manifest = GeminiWebhookManifest | GeminiRouteManifest

const collectionOf = ({ kind }: Manifest) =>
  `/apis/${apiVersion}/namespaces/default/${kind === kindName ? pluralName : routePluralName}`

function pathOf({ kind, metadata: { name } }: Manifest): string {
  const key = { namespace: 'default', name }
  return kind === kindName ? geminiWebhookPath(key) : geminiRoutePath(key)
}

/** As it was before these rules. */
function crdWithoutRotationRules(): string {
  const crd = parse(readFileSync(crdPath, 'utf8')) as {
    spec: {
      versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: { rotation: object } } } } } }[]
    }
  }
  const [version] = crd.spec.versions
  if (version === undefined) throw new Error(`${crdPath} has no version`)
  Object.assign(version.schema.openAPIV3Schema.properties.spec.properties.rotation, { 'x-kubernetes-validations': [] })
  return JSON.stringify(crd)
}

await withRealApiServer('the CRD on a real API server', (server) => {
  const strictly = '?fieldValidation=Strict'

  const create = (manifest: Manifest, options = '') =>
    server().call('POST', `${collectionOf(manifest)}${strictly}${options}`, manifest)
  const remove = (manifest: Manifest) => server().call('DELETE', pathOf(manifest))
  /** Stores `manifest` over what is there, as `kubectl apply` of a changed file would. */
  const replace = async (manifest: Manifest) => {
    const { body } = await server().call('GET', pathOf(manifest))
    const stored = body as { metadata: Manifest['metadata'] }
    return server().call('PUT', `${pathOf(manifest)}${strictly}`, { ...manifest, metadata: stored.metadata })
  }

  before(() => applyCrds(server()))

  for (const path of crdPaths) {
    test(`the schema of ${path} is structural, with nothing that the API server complains about`, async () => {
      const { stdout } = await server().kubectl(['get', '-f', path, '-o', 'jsonpath={.status.conditions[*].type}'])
      assert.deepEqual(stdout.split(' ').toSorted(), ['Established', 'NamesAccepted'])
    })
  }

  for (const { name, manifest } of [...validResources(), ...validRoutes()]) {
    test(`accepts the ${manifest.kind} ${name} and keeps it as it is written`, async () => {
      const { status, body } = await create(manifest)
      assert.equal(status, 201, JSON.stringify(body))
      assert.deepEqual((body as Manifest).spec, manifest.spec)
      await remove(manifest)
    })
  }

  for (const { name, rule, field, message, manifest, previous } of [...invalidResources(), ...invalidRoutes()]) {
    test(`refuses the ${manifest.kind} ${name} with exactly its message`, async () => {
      if (previous !== undefined) assert.equal((await create(previous)).status, 201)
      const { status, body } = await (previous === undefined ? create(manifest) : replace(manifest))
      const refusal = body as Refusal
      if (message.startsWith('unknown field')) {
        assert.equal(status, 400)
        assert.ok(refusal.message.includes(message), refusal.message)
        return
      }
      assert.equal(status, 422, JSON.stringify(body))
      const causes = refusal.details?.causes ?? []
      if (rule === 'shape') {
        assert.ok(
          causes.some((cause) => cause.field === field && cause.message.includes(message)),
          refusal.message,
        )
      } else {
        assert.deepEqual(
          causes.map((cause) => ({ field: cause.field, message: cause.message })),
          [{ field, message: `Invalid value: ${message}` }],
        )
      }
      if (previous !== undefined) await remove(previous)
    })
  }

  test('an object that is older than a rule can be annotated, written by the controller, edited elsewhere and let go', async () => {
    const younger = invalidResources().filter(({ rule }) =>
      ['rotation-windows-need-interval', 'rotation-window-opens'].includes(rule),
    )
    const older = younger.map(({ manifest }, index) => ({
      ...manifest,
      metadata: { ...manifest.metadata, name: `old-${index}` },
    }))
    const applied = await server().kubectl(['apply', '-f', '-'], { input: crdWithoutRotationRules() })
    assert.equal(applied.code, 0, applied.stderr)
    for (const manifest of older)
      await eventually('the older CRD takes it', async () => (await create(manifest)).status === 201)
    await applyCrds(server())
    const [probe] = younger
    assert.ok(probe)
    await eventually('the rules hold', async () => (await create(probe.manifest, '&dryRun=All')).status === 422)

    for (const manifest of older) {
      const { name } = manifest.metadata
      const patch = async (body: object) => {
        const { code, stderr } = await server().kubectl([
          'patch',
          'gwh',
          name,
          '--type=merge',
          '-p',
          JSON.stringify(body),
        ])
        assert.equal(code, 0, `${name} ${JSON.stringify(body)}: ${stderr}`)
      }
      await patch({
        metadata: { finalizers: ['webhooks.gemini-operator.io/registration'], annotations: { note: 'seen' } },
      })
      const { body: stored } = await server().call('GET', pathOf(manifest))
      const status = { installationID: 'installation-1' }
      const written = await server().call('PUT', `${pathOf(manifest)}/status${strictly}`, {
        ...(stored as object),
        status,
      })
      assert.equal(written.status, 200, JSON.stringify(written.body))
      await patch({ spec: { displayName: 'nightly' } })
      await patch({ metadata: { finalizers: null } })
      await remove(manifest)
    }
  })

  test('kubectl apply prints the field and the message of a broken rule', async () => {
    const broken = invalidResources().find(({ name }) => name === 'endpoint-url.userinfo')
    assert.ok(broken)
    const { code, stderr } = await server().kubectl(['apply', '-f', '-'], { input: JSON.stringify(broken.manifest) })
    assert.equal(code, 1)
    assert.ok(stderr.includes(`${broken.field}: Invalid value: ${broken.message}`), stderr)
  })

  test('externalID may be set later, then neither be changed nor removed, nor removed and added again', async () => {
    const minimal = validResources().find(({ name }) => name === 'minimal')
    assert.ok(minimal)
    const without = minimal.manifest
    const withID = (externalID: string) => ({ ...without, spec: { ...without.spec, externalID } })
    assert.equal((await create(without)).status, 201)
    assert.equal((await replace(withID('wh1'))).status, 200, 'set later')
    assert.equal((await replace(withID('wh2'))).status, 422, 'changed')
    assert.equal((await replace(without)).status, 422, 'removed, the first half of remove-then-add')
    assert.equal((await replace(withID('wh1'))).status, 200, 'unchanged')
    await remove(without)
  })

  test('two appliers may each own some of the events', async () => {
    const [minimal] = validResources()
    assert.ok(minimal)
    const apply = (manager: string, events: string[]) =>
      server().kubectl(['apply', '--server-side', '--field-manager', manager, '-f', '-'], {
        input: JSON.stringify({
          ...minimal.manifest,
          spec: { apiKeySecretRef: { name: 'gemini-api-key' }, events },
          metadata: { name: 'shared' },
        }),
      })
    assert.equal((await apply('one', ['batch.failed'])).code, 0)
    assert.equal((await apply('two', ['batch.expired'])).code, 0)
    const { stdout } = await server().kubectl(['get', 'gwh', 'shared', '-o', 'jsonpath={.spec.events}'])
    assert.deepEqual((JSON.parse(stdout) as string[]).toSorted(), ['batch.expired', 'batch.failed'])
    assert.equal((await server().kubectl(['delete', 'gwh', 'shared'])).code, 0)
  })

  test('the columns show what the status says, a rotation in the future included', async () => {
    const minimal = validResources().find(({ name }) => name === 'minimal')
    assert.ok(minimal)
    assert.equal((await create(minimal.manifest)).status, 201)
    const { body } = await server().call('GET', pathOf(minimal.manifest))
    const stored = body as GeminiWebhookManifest
    const status = {
      conditions: [
        {
          type: 'Stalled',
          status: 'True',
          observedGeneration: 1,
          lastTransitionTime: '2026-11-21T12:00:00Z',
          reason: 'InvalidSpec',
          message: '',
        },
        {
          type: 'Ready',
          status: 'False',
          observedGeneration: 1,
          lastTransitionTime: '2026-11-21T12:00:00Z',
          reason: 'InvalidSpec',
          message: '',
        },
      ],
      endpoint: { url: 'https://hooks.example.com/v1/s/default/minimal' },
      webhook: { id: 'wh1', state: 'enabled', events: ['batch.succeeded'], eventCount: 1 },
      rotation: { nextRotationTime: '2099-01-01T00:00:00Z' },
    }
    const written = await server().call('PUT', `${pathOf(minimal.manifest)}/status${strictly}`, { ...stored, status })
    assert.equal(written.status, 200, JSON.stringify(written.body))
    const { stdout } = await server().kubectl(['get', 'gwh', '-o', 'wide'])
    const [header = '', row = ''] = stdout.split('\n')
    assert.deepEqual(
      header.split(/\s{2,}/).map((word) => word.trim()),
      ['NAME', 'READY', 'STATE', 'SINKS', 'EVENTS', 'URL', 'ROTATES', 'AGE'],
    )
    assert.match(
      row,
      /^minimal +False +enabled +1 +https:\/\/hooks\.example\.com\/v1\/s\/default\/minimal +2099-01-01T00:00:00Z +\d+s/,
    )
    const narrow = await server().kubectl(['get', 'gwh'])
    assert.ok(!narrow.stdout.includes('URL'), narrow.stdout)
    await remove(minimal.manifest)
  })

  test('the columns of a route show what its spec and status say', async () => {
    const minimal = validRoutes().find(({ name }) => name === 'minimal')
    assert.ok(minimal)
    assert.equal((await create(minimal.manifest)).status, 201)
    const { body } = await server().call('GET', pathOf(minimal.manifest))
    const condition = { observedGeneration: 1, lastTransitionTime: '2026-11-30T12:00:00Z', message: '' }
    const status = {
      observedGeneration: 1,
      conditions: [
        { ...condition, type: 'Ready', status: 'False', reason: 'SinkInvalid' },
        { ...condition, type: 'Accepted', status: 'True', reason: 'Attached' },
      ],
      webhook: { namespace: 'default', name: 'project-events', uid: 'a-uid', ready: 'True' },
      pending: 7,
    }
    const path = `${pathOf(minimal.manifest)}/status${strictly}`
    const written = await server().call('PUT', path, { ...(body as GeminiRouteManifest), status })
    assert.equal(written.status, 200, JSON.stringify(written.body))
    assert.deepEqual((written.body as GeminiRouteManifest).status, status)
    const { stdout } = await server().kubectl(['get', 'groute'])
    const [header = '', row = ''] = stdout.split('\n')
    assert.deepEqual(
      header.split(/\s{2,}/).map((word) => word.trim()),
      ['NAME', 'READY', 'WEBHOOK', 'ACCEPTED', 'PENDING', 'AGE'],
    )
    assert.match(row, /^minimal +False +project-events +True +7 +\d+s/)
    await remove(minimal.manifest)
  })

  for (const { kind, manifestOf, judge } of [
    { kind: 'GeminiWebhook', manifestOf: aMutatedManifest, judge: (value: Manifest) => checkManifest(value) },
    { kind: 'GeminiRoute', manifestOf: aMutatedRoute, judge: (value: Manifest) => checkRouteManifest(value) },
  ] as const) {
    test(`the offline check and the API server agree about every ${kind} that nobody thought of`, async () => {
      const verdicts = { accepted: 0, refused: 0 }
      for (let seed = 1; seed <= 500; seed += 1) {
        const manifest = manifestOf(seed)
        const offline = judge(manifest)
        const { status, body } = await create(manifest, '&dryRun=All')
        const context = () => JSON.stringify({ seed, spec: manifest.spec, offline, body }, undefined, 1)
        assert.equal(status === 201, offline.ok, context())
        verdicts[offline.ok ? 'accepted' : 'refused'] += 1
        if (offline.ok || status === 400) continue // 400 is about unknown fields and does not blame one
        const blamed = (body as Refusal).details?.causes?.map(({ field }) => field) ?? []
        for (const { field } of offline.problem) assert.ok(blamed.includes(field), `${field}: ${context()}`)
      }
      assert.ok(
        verdicts.accepted > 50 && verdicts.refused > 50,
        `the mutations must produce both: ${JSON.stringify(verdicts)}`,
      )
    })
  }
})
