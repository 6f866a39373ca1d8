import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

import { podFlags } from './entrypoint.ts'

const giveUpMs = 30_000

const flagsOf = {
  controller: () => ['--base-url=https://192.0.2.1'],
  receiver: (folder: string) => [
    `--data-dir=${join(folder, 'inbox')}`,
    '--host=127.0.0.1',
    '--port=0',
    '--admin-port=0',
    '--drain=0s',
  ],
}
export type MeasuredRole = keyof typeof flagsOf
export const measuredRoles = Object.keys(flagsOf) as MeasuredRole[]

/**
 * Milliseconds from starting the process to its first 200 on `/healthz`, for a bundled program. No API server is there,
 * so the caches' first sync, which depends on the cluster, is not counted. The process is gone when this resolves;
 * rejects with what it printed when it ends first.
 */
export async function measureStart(program: string, role: MeasuredRole): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-start-'))
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf('https://127.0.0.1:1'))
  const flags = [`--kubeconfig=${kubeconfig}`, '--namespace=default', '--health-host=127.0.0.1', '--health-port=0']
  const startedMs = performance.now()
  const child = spawn(process.execPath, [...podFlags, program, role, ...flags, ...flagsOf[role](folder)], {
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: giveUpMs,
  })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  try {
    const output: string[] = []
    child.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
    for await (const line of createInterface({ input: child.stdout })) {
      output.push(line)
      const port = /"healthPort":(\d+)/.exec(line)?.[1]
      if (port === undefined) continue
      const { status } = await fetch(`http://127.0.0.1:${port}/healthz`)
      if (status !== 200) throw new Error(`gwh ${role}: /healthz answered ${status}`)
      return performance.now() - startedMs
    }
    throw new Error(`gwh ${role} ended before it was ready:\n${output.join('\n')}`)
  } finally {
    child.kill('SIGKILL')
    await exited
    rmSync(folder, { recursive: true, force: true })
  }
}

function kubeconfigOf(server: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'away', cluster: { server } }],
    users: [{ name: 'nobody', user: { token: 'none' } }],
    contexts: [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }],
    'current-context': 'away',
  })
}
