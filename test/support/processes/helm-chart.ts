import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { parseAllDocuments } from 'yaml'

import { chartPath } from '../../../tools/generate-chart.ts'
import { findHelms, helmTemplate } from '../../../tools/helm.ts'

export const operatorNamespace = 'gemini-webhook-system'
const kubeVersion = '1.36'

export interface Manifest {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
  }
  spec?: Record<string, unknown>
  data?: Record<string, string>
  rules?: unknown
}

/** The chart in the hands of one version of Helm. */
export interface Chart {
  major: number
  helm: string
  /** Text, as Helm prints it. Throws with Helm's words. */
  render(values: object): string
  manifests(values: object): Manifest[]
  /** What `helm test` runs. */
  testPods(values: object): Manifest[]
  /** The NetworkPolicies of what `helm test` runs. */
  testPolicies(values: object): Manifest[]
  /** Its output; throws when it fails. */
  lint(values: object): string
  /** Installs it on a cluster, or upgrades it there, and does not wait for pods. Throws with Helm's words. */
  install(values: object, kubeconfigPath: string): void
  uninstall(kubeconfigPath: string): void
}

/**
 * Both majors of Helm, or the reason why one is missing: tests are skipped by name then, and fail with
 * GWH_REQUIRE_HELM=1.
 */
export function withHelm(name: string, suite: (charts: readonly Chart[]) => void): void {
  const helms = findHelms(process.env)
  const missing = [3, 4].filter((major) => !helms.has(major))
  if (missing.length > 0 && process.env['GWH_REQUIRE_HELM'] === '1') {
    throw new Error(`${name}: GWH_REQUIRE_HELM=1, but Helm ${missing.join(' and ')} was not found; set HELM_BIN_DIR`)
  }
  if (helms.size === 0) {
    test(name, { skip: 'no helm: put helm3 and helm4 on PATH, or set HELM_BIN_DIR' }, () => {})
    return
  }
  describe(name, () => suite([...helms].map(([major, helm]) => chartOf(major, helm))))
}

function chartOf(major: number, helm: string): Chart {
  const template = (values: object, ...more: string[]) =>
    withValuesFile(values, (file) =>
      helmTemplate(helm, [
        'gemini-webhook-operator',
        chartPath,
        `--namespace=${operatorNamespace}`,
        `--kube-version=${kubeVersion}`,
        ...more,
        '--values',
        file,
      ]),
    )
  const render = (values: object) => template(values, '--skip-tests')
  const run = (args: readonly string[]) =>
    execFileSync(helm, [...args, `--namespace=${operatorNamespace}`], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      maxBuffer: 64 * 1024 * 1024,
    })
  return {
    major,
    helm,
    render,
    manifests: (values) => parseManifests(render(values)),
    testPods: (values) => parseManifests(template(values, '--show-only=templates/tests/installation.yaml')),
    testPolicies: (values) => parseManifests(template(values, '--show-only=templates/tests/networkpolicy.yaml')),
    lint: (values) =>
      withValuesFile(values, (file) =>
        execFileSync(helm, ['lint', '--strict', `--kube-version=${kubeVersion}`, '--values', file, chartPath], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ),
    install: (values, kubeconfigPath) => {
      withValuesFile(values, (file) =>
        run(['upgrade', '--install', 'gwh', chartPath, `--kubeconfig=${kubeconfigPath}`, '--values', file]),
      )
    },
    uninstall: (kubeconfigPath) => {
      // Without nodes a Job never ends: test/chart/uninstall-guard.test.ts has what Helm does with it.
      run(['uninstall', 'gwh', '--no-hooks', `--kubeconfig=${kubeconfigPath}`])
    },
  }
}

export function parseManifests(text: string): Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors.length > 0) throw new Error(document.errors.join('; '))
      return document.toJS() as Manifest | null
    })
    .filter((manifest) => manifest !== null)
}

export const idOf = ({ kind, metadata }: Manifest) =>
  [kind, metadata.namespace, metadata.name].filter(Boolean).join('/')

function withValuesFile<T>(values: object, run: (path: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-values-'))
  const path = join(folder, 'values.json')
  try {
    writeFileSync(path, JSON.stringify({ baseUrl: 'https://hooks.example.com', ...values }))
    return run(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}
