import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, describe } from 'node:test'

import { systemClock } from '../../../../src/clock.ts'
import { silentLogger } from '../../../../src/observability/logger.ts'
import { startKubernetesApi, type KubernetesApi } from '../../../../playground/kubernetes-api/server.ts'
import { installedControlPlane } from '../../../control-plane/find-control-plane.ts'
import { runKubectl } from '../../../control-plane/start-control-plane.ts'
import { mulberry32 } from '../../../support/builders/seeded-random.ts'
import type { ApiUnderTest } from './api-under-test.ts'
import { kubernetesApiContract } from './suite.ts'

const token = 'embedded-test-token'
const kubectl = findKubectl()

describe('the embedded Kubernetes API', () => {
  const work = mkdtempSync(join(tmpdir(), 'gwh-embedded-api-'))
  let server: KubernetesApi | undefined
  let api: ApiUnderTest | undefined
  before(async () => {
    server = await startKubernetesApi({ clock: systemClock, random: mulberry32(1), logger: silentLogger, token })
    const kubeconfig = join(work, 'kubeconfig')
    writeFileSync(kubeconfig, server.kubeconfigYaml(), { mode: 0o600 })
    const { url, caPem } = server
    api = {
      url,
      caPem,
      token,
      ...(kubectl !== undefined && {
        kubectl: (args, { input } = {}) => runKubectl(kubectl, ['--kubeconfig', kubeconfig, ...args], work, input),
      }),
    }
  })
  after(async () => {
    await server?.stop()
    rmSync(work, { recursive: true, force: true })
  })
  kubernetesApiContract(
    () => {
      if (api === undefined) throw new Error('the server runs only inside tests and hooks')
      return api
    },
    { hasKubectl: kubectl !== undefined },
  )
})

/** The kubectl of an installed control plane, else the one on PATH. */
function findKubectl(): string | undefined {
  const installed = installedControlPlane()
  const folders = [installed?.folder, ...(process.env['PATH'] ?? '').split(delimiter)]
  return folders
    .filter((folder) => folder !== undefined && folder !== '')
    .map((folder) => join(folder ?? '', 'kubectl'))
    .find(isExecutable)
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
