import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import type { TestContext } from 'node:test'

import { startSandbox } from '../../../src/roles/sandbox/start.ts'
import { findControlPlane } from '../../control-plane/find-control-plane.ts'
import { roleDeps } from '../builders/role-deps.ts'

/**
 * A sandbox, and a shell of somebody who follows a page about it: with its shell file read, the stock kubectl and every
 * command of ours. Undefined where there is no kubectl, and the test is skipped by name.
 */
export async function startPageSandbox(t: TestContext) {
  const binaries = await findControlPlane()
  assert.ok(binaries !== undefined || process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1', 'no kubectl was found')
  if (binaries === undefined) {
    t.skip('no kubectl: set KUBEBUILDER_ASSETS')
    return undefined
  }
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const program = [process.execPath, 'src/main.ts']
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 20, program }
  const sandbox = await startSandbox(options, roleDeps().deps)
  t.after(() => sandbox.stop())
  const env = { PATH: [binaries.folder, process.env['PATH']].join(delimiter), HOME: sandbox.dataDir }
  return { type: (lines: string) => typed(`. ${sandbox.shellPath}\n${lines}`, env) }
}

/** What a shell prints that is given these lines, on both of its streams, and how it ends. */
function typed(lines: string, env: NodeJS.ProcessEnv): Promise<{ printed: string; code: number | null }> {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-c', lines], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
    shell.once('error', reject)
    shell.once('close', (code) => resolve({ printed, code }))
  })
}
