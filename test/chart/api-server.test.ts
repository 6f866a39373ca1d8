import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'

import { stringify } from 'yaml'

import { findProgram } from '../../tools/helm.ts'
import { eventually } from '../support/measures/eventually.ts'
import {
  idOf,
  operatorNamespace,
  parseManifests,
  withHelm,
  type Chart,
  type Manifest,
} from '../support/processes/helm-chart.ts'
import { writeJsonSchemas } from '../support/measures/kubernetes-json-schemas.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'
import { valueSets } from '../support/builders/value-sets.ts'

const asYaml = (manifests: readonly object[]) => manifests.map((manifest) => stringify(manifest)).join('---\n')
const byId = (manifests: readonly Manifest[]) => new Map(manifests.map((manifest) => [idOf(manifest), manifest]))

await withRealApiServer('the chart on a real API server', (server) => {
  before(async () => {
    const applied = await server().kubectl([
      'apply',
      '--server-side',
      '-f',
      'deploy/namespace.yaml',
      '-f',
      'test/fixtures/crds',
      '-f',
      'crds',
    ])
    assert.equal(applied.code, 0, applied.stderr)
    for (const namespace of ['team-a', 'team-b']) {
      const made = await server().kubectl(['create', 'namespace', namespace])
      assert.equal(made.code, 0, made.stderr)
    }
    await eventually('the fixtures are served', async () => {
      const asked = [
        'gateway.networking.k8s.io/v1/httproutes',
        'monitoring.coreos.com/v1/prometheusrules',
        'monitoring.coreos.com/v1/servicemonitors',
      ]
      const answers = await Promise.all(asked.map((path) => server().call('GET', `/apis/${path}`)))
      return answers.every(({ status }) => status === 200)
    })
  })

  withHelm('rendered', (charts) => {
    for (const chart of charts) {
      for (const [name, values] of Object.entries(valueSets)) {
        test(`Helm ${chart.major}: the API server accepts it, unknown fields refused, with ${name}`, async () => {
          const manifests = chart.manifests(values)
          const { code, stderr } = await server().kubectl(
            ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict', '-f', '-'],
            { input: asYaml(manifests) },
          )
          assert.deepEqual([code, stderr], [0, ''])
        })
      }
    }

    const [chart]: readonly (Chart | undefined)[] = charts
    assert.ok(chart)

    test('an unknown field would have been noticed', async () => {
      const first = chart.manifests({}).find(({ kind }) => kind === 'StatefulSet')
      const { code, stderr } = await server().kubectl(
        ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'],
        { input: asYaml([{ ...first, spec: { ...first?.spec, replica: 1 } }]) },
      )
      assert.notEqual(code, 0)
      assert.match(stderr, /replica/)
    })

    test('its pods are admitted where Pod Security "restricted" is enforced', async () => {
      const installed = await server().kubectl([
        'apply',
        '--server-side',
        '--validate=strict',
        '-f',
        'deploy/install.yaml',
      ])
      assert.equal(installed.code, 0, installed.stderr)
      for (const [name, values] of Object.entries(valueSets)) {
        const rendered: Manifest[] = chart.manifests(values)
        const pods = rendered.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind)).map(podFor)
        assert.equal(pods.length, 2)
        for (const pod of [...pods, ...chart.testPods(values)]) {
          const { status, body } = await server().call(
            'POST',
            `/api/v1/namespaces/${operatorNamespace}/pods?dryRun=All&fieldValidation=Strict`,
            pod,
          )
          assert.equal(status, 201, `${name}: ${JSON.stringify(body)}`)
        }
      }
    })

    test('a pod with more rights would not have been', async () => {
      const deployment = chart
        .manifests({ podSecurityContext: { runAsNonRoot: false } })
        .find(({ kind }) => kind === 'Deployment')
      assert.ok(deployment)
      const { status, body } = await server().call(
        'POST',
        `/api/v1/namespaces/${operatorNamespace}/pods?dryRun=All`,
        podFor(deployment),
      )
      assert.equal(status, 403)
      assert.match(JSON.stringify(body), /violates PodSecurity/)
    })

    const kubeconform = findProgram('kubeconform', process.env)
    test(
      'kubeconform -strict finds nothing, by the schemas of this API server',
      { skip: kubeconform === undefined && 'no kubeconform: put it on PATH, or set HELM_BIN_DIR' },
      async (t) => {
        const folder = mkdtempSync(join(tmpdir(), 'gwh-schemas-'))
        t.after(() => rmSync(folder, { recursive: true }))
        const { body } = await server().call('GET', '/openapi/v2')
        const location = writeJsonSchemas(body as Parameters<typeof writeJsonSchemas>[0], folder)
        const check = (input: string) =>
          spawnSync(kubeconform ?? '', ['-strict', '-summary', '-output', 'json', '-schema-location', location, '-'], {
            input,
            encoding: 'utf8',
          })
        const shipped = globSync('deploy/{install,namespace,rbac/*,policies/*}.yaml')
        assert.ok(shipped.length >= 5, `${shipped.length} files`)
        const fromFiles = shipped.flatMap((path) => parseManifests(readFileSync(path, 'utf8')))
        for (const each of charts) {
          const tested = Object.values(valueSets).map((values) => [each.manifests(values), each.testPods(values)])
          const manifests = [fromFiles, tested.flat(2)].flat()
          const result = check(asYaml(manifests)).stdout
          const { summary } = JSON.parse(result) as { summary: object }
          assert.deepEqual(summary, { valid: manifests.length, invalid: 0, errors: 0, skipped: 0 }, result)
        }
        const broken = check(
          asYaml([{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'x' }, spec: { port: 1 } }]),
        )
        assert.notEqual(broken.status, 0)
      },
    )

    test('the chart, install.yaml and kustomize give the same objects', async () => {
      const kustomized = await server().kubectl(['kustomize', 'deploy'])
      assert.equal(kustomized.code, 0, kustomized.stderr)
      const applied = await server().kubectl([
        'create',
        '--dry-run=client',
        '--validate=false',
        '-o',
        'yaml',
        '-f',
        'deploy/install.yaml',
      ])
      assert.equal(applied.code, 0, applied.stderr)
      const fromFile = byId(parseManifests(applied.stdout))
      assert.deepEqual(byId(parseManifests(kustomized.stdout)), fromFile)
      fromFile.delete(`Namespace/${operatorNamespace}`)
      const fromChart = byId(chart.manifests({ crds: { keep: false } }))
      assert.deepEqual([...fromChart.keys()].toSorted(), [...fromFile.keys()].toSorted())
      assert.deepEqual(fromChart, fromFile)
    })
  })
})

function podFor({ kind, metadata, spec }: Manifest): object {
  const { template } = spec as { template: { metadata: object; spec: { volumes?: { name: string }[] } } }
  const inbox =
    kind === 'StatefulSet' ? [{ name: 'inbox', persistentVolumeClaim: { claimName: 'inbox-gwh-receiver-0' } }] : []
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...template.metadata, name: `${metadata.name}-0`, namespace: operatorNamespace },
    spec: {
      ...template.spec,
      serviceAccountName: metadata.name,
      priorityClassName: '',
      volumes: [...(template.spec.volumes ?? []), ...inbox],
    },
  }
}
