import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'

import * as fc from 'fast-check'

import { findProgram } from '../../tools/helm.ts'
import { chartValues } from '../support/builders/draw-chart-values.ts'
import { idOf, operatorNamespace, parseManifests, withHelm, type Manifest } from '../support/processes/helm-chart.ts'
import { writeJsonSchemas } from '../support/measures/kubernetes-json-schemas.ts'
import { withRealApiServer } from '../support/processes/real-api-server.ts'

/** `GWH_SEED` repeats a draw, `GWH_RUNS` sizes it. */
const seed = Number(process.env['GWH_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const runs = Number(process.env['GWH_RUNS'] ?? 500)
/** So many of them are rendered by both majors of Helm, and installed on the API server. */
const installs = 30
const namespaces = [operatorNamespace, 'team-a', 'team-b']

const draws = fc.sample(chartValues(namespaces), { seed, numRuns: runs })
/** Evenly among all. */
const sampled = Array.from(
  { length: Math.min(installs, runs) },
  (_, at) => draws[Math.floor((at * runs) / installs)] ?? {},
)
/** What Helm would leave in the cluster is left out: the next ones take the same names. */
const withoutKeeping = (values: object) =>
  JSON.parse(JSON.stringify(values), (key, value: unknown) =>
    key === 'helm.sh/resource-policy' ? undefined : value,
  ) as object
const again = (values: object) => `GWH_SEED=${seed} GWH_RUNS=${runs}; the values: ${JSON.stringify(values)}`

interface Rendering {
  values: object
  /** As Helm prints it: other programs read it with parsers of their own. */
  text: string
}

await withRealApiServer(`values drawn from their schema, GWH_SEED=${seed}`, (server) => {
  before(async () => {
    const folders = ['deploy/namespace.yaml', 'test/fixtures/crds'].flatMap((path) => ['-f', path])
    const applied = await server().kubectl(['apply', '--server-side', ...folders])
    assert.equal(applied.code, 0, applied.stderr)
    for (const namespace of namespaces.slice(1)) await server().kubectl(['create', 'namespace', namespace])
  })

  withHelm('in the hands of Helm', (charts) => {
    const renderings: Rendering[] = []

    test(`${runs} sets render, every key and every object once`, (t) => {
      t.diagnostic(`GWH_SEED=${seed} GWH_RUNS=${runs}`)
      for (const [at, values] of draws.entries()) {
        // Each major renders its share.
        const chart = charts[at % charts.length]
        assert.ok(chart)
        let text = ''
        let manifests: Manifest[]
        try {
          text = chart.render(values)
          manifests = parseManifests(text)
        } catch (error) {
          throw new Error(`Helm ${chart.major} does not render it: ${again(values)}`, { cause: error })
        }
        const ids = manifests.map(idOf)
        assert.deepEqual(ids, [...new Set(ids)], again(values))
        renderings.push({ values, text })
      }
    })

    test('both majors of Helm render the same', () => {
      for (const values of sampled) {
        const [first, ...others] = charts.map((chart) => chart.manifests(values))
        for (const other of others) assert.deepEqual(other, first, again(values))
      }
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
          spawnSync(kubeconform ?? '', ['-strict', '-schema-location', location, '-'], {
            input,
            encoding: 'utf8',
          })
        // All at once; only when something was found one by one, to say in which.
        if (check(renderings.map(({ text }) => text).join('\n---\n')).status === 0) return
        for (const { values, text } of renderings) {
          const { status, stdout } = check(text)
          assert.equal(status, 0, `${stdout}: ${again(values)}`)
        }
        assert.fail('all at once were refused, and none alone')
      },
    )

    test(`${sampled.length} of them are installed on the API server, upgraded to what they are, and leave nothing behind`, async () => {
      const { kubeconfigPath } = server()
      for (const [at, values] of sampled.map(withoutKeeping).entries()) {
        const chart = charts[at % charts.length]
        assert.ok(chart)
        try {
          chart.install(values, kubeconfigPath)
          // What cannot be changed in place is compared with what is there, and is the same.
          chart.install(values, kubeconfigPath)
          chart.uninstall(kubeconfigPath)
        } catch (error) {
          throw new Error(`Helm ${chart.major} does not install it: ${again(values)}`, { cause: error })
        }
        const left = await server().kubectl([
          'get',
          'all,configmaps,serviceaccounts,networkpolicies',
          '-o',
          'name',
          '-n',
          operatorNamespace,
        ])
        assert.deepEqual([left.code, left.stdout], [0, ''], `${left.stderr}: ${again(values)}`)
        await server().kubectl(['delete', '--ignore-not-found', '-f', 'crds'])
      }
    })
  })
})
