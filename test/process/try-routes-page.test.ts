import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { delimiter } from 'node:path'
import { test } from 'node:test'

import { startSandbox } from '../../src/roles/sandbox/start.ts'
import { findControlPlane } from '../control-plane/find-control-plane.ts'
import { roleDeps } from '../support/builders/role-deps.ts'
import { blocksOf } from '../support/measures/page-commands.ts'

const page = 'docs/try-routes.md'
/** What the page says of the status of a route that is refused: a link is broken. */
const meantToFail = ['1 gwh status --namespace team-ads groute/failures']

test('every command of the page works as it is printed, and prints what is shown', async (t) => {
  const binaries = await findControlPlane()
  assert.ok(binaries !== undefined || process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1', 'no kubectl was found')
  if (binaries === undefined) return t.skip('no kubectl: set KUBEBUILDER_ASSETS')
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const program = [process.execPath, 'src/main.ts']
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 20, program }
  const sandbox = await startSandbox(options, roleDeps().deps)
  t.after(() => sandbox.stop())

  const blocks = blocksOf(page)
  const pasted = blocks.map(({ language, text }, at) => (language === 'sh' ? `${mark(at)}\n${text}` : ''))
  const path = [binaries.folder, process.env['PATH']].join(delimiter)
  const printed = await typed([beforeAll, `. ${sandbox.shellPath}`, ...pasted].join('\n'), {
    PATH: path,
    HOME: sandbox.dataDir,
  })

  const failed = [...printed.matchAll(/^@failed (.*)$/gm)].map(([, command]) => command)
  assert.deepEqual(failed, meantToFail, printed)
  const sections = new Map(printed.split(/^@block /m).map((section) => [Number.parseInt(section, 10), section]))
  let shown = 0
  for (const [at, { language, text }] of blocks.entries()) {
    if (language !== 'text' || blocks[at - 1]?.language !== 'sh') continue
    const lines = new Set((sections.get(at - 1) ?? '').split('\n').map(comparable))
    const missing = text
      .trimEnd()
      .split('\n')
      .filter((line) => line !== '...' && !lines.has(comparable(line)))
    assert.deepEqual(missing, [], `not printed: ${sections.get(at - 1) ?? ''}`)
    shown += 1
  }
  assert.ok(shown >= 5, `${shown} blocks show what is printed`)
})

const beforeAll = `trap 'echo "@failed $? $BASH_COMMAND"' ERR`
const mark = (at: number) => `echo '@block ${at}'`

/** Without what differs from run to run: ids, ports, times and the width of columns. */
function comparable(line: string): string {
  return line
    .replaceAll(/msg_[\w-]+/g, 'msg_x')
    .replaceAll(/\d+/g, '0')
    .replaceAll(/\s+/g, ' ')
    .trim()
}

/** What one shell prints that runs these lines, on both of its streams. */
function typed(lines: string, env: NodeJS.ProcessEnv): Promise<string> {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['-c', lines], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    let printed = ''
    for (const stream of [shell.stdout, shell.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text))
    shell.once('error', reject)
    shell.once('close', () => resolve(printed))
  })
}
