import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { bundle } from '../../tools/bundle.ts'
import { podFlags } from '../../tools/image/entrypoint.ts'
import { eventually } from '../support/measures/eventually.ts'

// Needs root and util-linux: a PID namespace of its own, in which the program is the first process as in its container.
const missing =
  spawnSync('unshare', ['--pid', '--fork', 'true'], { timeout: 10_000 }).status === 0
    ? false
    : 'needs the right to make PID namespaces (unshare)'

const folder = mkdtempSync(join(tmpdir(), 'gwh-first-'))
const kubeconfig = join(folder, 'kubeconfig')
before(async () => {
  await bundle({ outdir: join(folder, 'dist'), sourceMaps: false })
  const cluster = { server: 'https://127.0.0.1:1' }
  const contexts = [{ name: 'away', context: { cluster: 'away', user: 'nobody' } }]
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'away', cluster }],
      users: [{ name: 'nobody', user: {} }],
      contexts,
      'current-context': 'away',
    }),
  )
})
after(() => rmSync(folder, { recursive: true, force: true }))

const roles = {
  controller: ['controller', '--base-url=https://192.0.2.1', '--health-port=0'],
  receiver: ['receiver', '--port=0', '--health-port=0', '--admin-port=0', '--drain=0s', `--data-dir=${folder}/inbox`],
} as const

/** Starts the program as the first process of a namespace. Resolves with its pid as seen from here. */
async function startFirst(args: readonly string[]) {
  const program = [...podFlags, join(folder, 'dist', 'gwh.mjs'), ...args, `--kubeconfig=${kubeconfig}`]
  const shell = spawn('unshare', ['--pid', '--fork', process.execPath, ...program], {
    env: { NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let log = ''
  shell.stdout.setEncoding('utf8').on('data', (text: string) => (log += text))
  const ended = once(shell, 'exit')
  const pid = await soon('a first process', () => {
    const children = readFileSync(`/proc/${shell.pid}/task/${shell.pid}/children`, 'utf8').trim()
    const { 1: name } = /^Name:\s*(.*)$/m.exec(readFileSync(`/proc/${children}/status`, 'utf8')) ?? []
    // The name of what starts it until then; Node gives its main thread another one within milliseconds.
    return name !== undefined && name !== 'unshare' && Number(children)
  })
  const end = () => {
    if (shell.exitCode === null && shell.signalCode === null) process.kill(pid, 'SIGKILL')
  }
  return { pid, ended, log: () => log, end }
}

/** Often enough to see a start from inside. */
function soon<T>(what: string, probe: () => T | undefined | false): Promise<T> {
  return eventually(what, probe, { timeoutMs: 20_000, intervalMs: 1 })
}

const hasHandler = (pid: number) =>
  ((BigInt(`0x${/SigCgt:\s*([0-9a-f]+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]}`) >> 14n) & 1n) === 1n

/** Moments of a start, each by what can be seen from outside. */
const moments: Record<string, (first: Awaited<ReturnType<typeof startFirst>>) => Promise<unknown>> = {
  'as soon as Node has a handler of its own': ({ pid }) => soon('a handler', () => hasHandler(pid)),
  'when the log begins': ({ log }) => soon('a line', () => log().includes('role.starting')),
  'when it has started': ({ log }) => soon('the start', () => log().includes('.started"')),
}

for (const [role, args] of Object.entries(roles)) {
  for (const [moment, comes] of Object.entries(moments)) {
    test(`${role} as the first process: SIGTERM ${moment} ends it`, { skip: missing, timeout: 30_000 }, async (t) => {
      const first = await startFirst(args)
      t.after(() => first.end())
      await comes(first)
      process.kill(first.pid, 'SIGTERM')
      // The grace period of a pod is what it would wait otherwise; this test would end by its own timeout.
      await first.ended
    })
  }
}
