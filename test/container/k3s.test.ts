import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'

import { K3sContainer } from '@testcontainers/k3s'

import { findContainerEngine } from '../support/processes/container-engine.ts'

const engine = await findContainerEngine(process.env)
const image = 'docker.io/local/gemini-webhook-operator:k3s'

describe('K3s in a container', { skip: engine.lacks('k3s') }, () => {
  test('the end-to-end suite passes there, with the image built without an engine', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gwh-k3s-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const archive = join(folder, 'image.tar')
    await run(['tools/build-image.ts', '--name', image, '--out', archive])
    await using cluster = await new K3sContainer(engine.images.k3s)
      .withCommand(['server', '--disable=traefik,metrics-server'])
      .withCopyFilesToContainer([{ source: archive, target: '/image.tar' }])
      .start()
    const imported = await cluster.exec(['ctr', '--namespace', 'k8s.io', 'images', 'import', '/image.tar'])
    assert.equal(imported.exitCode, 0, imported.output)
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, cluster.getKubeConfig(), { mode: 0o600 })
    await run(['--test', '--test-reporter=spec', 'test/e2e/installation.test.ts'], {
      KUBECONFIG: kubeconfig,
      GWH_E2E_IMAGE: image,
      GWH_REQUIRE_E2E: '1',
    })
  })
})

/** Runs Node in this folder, its output among ours; rejects unless it ends with 0. */
async function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env
  const child = spawn(process.execPath, args, { env: { ...inherited, ...more }, stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}`)
}
