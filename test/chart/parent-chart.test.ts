import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'

import { stringify } from 'yaml'

import { chartPath } from '../../tools/generate-chart.ts'
import { helmTemplate } from '../../tools/helm.ts'
import { named, podOf } from '../support/builders/manifests.ts'
import { parseManifests, withHelm } from '../support/processes/helm-chart.ts'

const name = 'gemini-webhook-operator'
const own = { baseUrl: 'https://hooks.example.com', image: { tag: 'v1' } }

withHelm('the chart as one of several of a parent chart', (charts) => {
  const parent = mkdtempSync(join(tmpdir(), 'gwh-parent-'))
  after(() => rmSync(parent, { recursive: true }))
  mkdirSync(join(parent, 'charts'))
  cpSync(chartPath, join(parent, 'charts', name), { recursive: true })
  const dependencies = [{ name, version: '*', condition: `${name}.enabled` }]
  writeFileSync(
    join(parent, 'Chart.yaml'),
    stringify({ apiVersion: 'v2', name: 'platform', version: '1.0.0', dependencies }),
  )
  const render = (helm: string, values: object) => {
    writeFileSync(join(parent, 'values.yaml'), stringify(values))
    return parseManifests(helmTemplate(helm, ['platform', parent, '--kube-version=1.36', '--namespace=hooks']))
  }

  for (const { major, helm } of charts) {
    test(`Helm ${major}: the parent's condition takes it or leaves it, and is no unknown value`, () => {
      const taken = render(helm, { [name]: { enabled: true, ...own } })
      assert.ok(taken.some(({ kind }) => kind === 'StatefulSet'))
      assert.deepEqual(render(helm, { [name]: { enabled: false, ...own } }), [])
      assert.throws(() => render(helm, { [name]: { enabled: 1, ...own } }), /\/enabled/)
      assert.throws(() => render(helm, { [name]: { enabeld: true, ...own } }), /'enabeld' not allowed/)
    })

    test(`Helm ${major}: of the parent's global values it takes its own, and leaves those of others alone`, () => {
      const global = { imageRegistry: 'mirror.example.com', imagePullSecrets: ['mirror'], ofAnother: { chart: 1 } }
      const controller = podOf(named(render(helm, { global, [name]: own }), 'Deployment', 'gwh-controller'))
      assert.partialDeepStrictEqual(controller, {
        imagePullSecrets: [{ name: 'mirror' }],
        containers: [{ image: `mirror.example.com/${name}/${name}:v1` }],
      })
    })
  }
})
