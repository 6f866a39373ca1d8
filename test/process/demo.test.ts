import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'

import { findControlPlane } from '../control-plane/find-control-plane.ts'
import { runKubectl } from '../control-plane/start-control-plane.ts'
import { eventually } from '../support/measures/eventually.ts'

function startDemo(t: TestContext, args: string[]) {
  const child = spawn(process.execPath, ['demo/main.ts', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  const told = { text: '' }
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (told.text += chunk))
  }
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', resolve)
  })
  t.after(() => child.kill('SIGKILL'))
  return { child, told, exited }
}

test('the demo sees every chapter as promised and ends with 0', async (t) => {
  const { told, exited } = startDemo(t, [])
  assert.equal(await exited, 0, told.text)
  assert.match(told.text, /Seen: (\d+) of \1 chapters/)
})

test('a kept demo serves the stock kubectl: a second webhook is applied, shown and deleted', async (t) => {
  const binaries = await findControlPlane()
  assert.ok(binaries !== undefined || process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1', 'no kubectl was found')
  if (binaries === undefined) return t.skip('no kubectl: set KUBEBUILDER_ASSETS')
  const home = await mkdtemp(join(tmpdir(), 'gwh-demo-'))
  t.after(() => rm(home, { recursive: true, force: true }))
  const { child, told, exited } = startDemo(t, ['--keep'])
  const shellPath = await eventually('the shell file', () => /^ +\. (\S+)$/m.exec(told.text)?.[1])
  const kubeconfig = /KUBECONFIG='([^']+)'/.exec(await readFile(shellPath, 'utf8'))?.[1]
  assert.ok(kubeconfig)
  const kubectl = async (...args: string[]) => {
    const result = await runKubectl(join(binaries.folder, 'kubectl'), ['--kubeconfig', kubeconfig, ...args], home)
    assert.equal(result.code, 0, `kubectl ${args.join(' ')}: ${result.stderr}`)
    return result.stdout
  }
  await kubectl('apply', '-f', 'deploy/samples/minimal.yaml')
  await kubectl('wait', '--for=condition=Ready', 'gwh/minimal', '--timeout=30s')
  const table = await kubectl('get', 'gwh', 'minimal')
  assert.match(table, /^NAME +READY +STATE +SINKS +EVENTS +ROTATES +AGE\nminimal +True +enabled +True +1 +\S+\n$/)
  t.diagnostic(table)
  await kubectl('delete', '-f', 'deploy/samples/minimal.yaml', '--timeout=30s')
  const left = await kubectl('get', 'gwh', '-o', 'name')
  assert.equal(left, 'geminiwebhook.webhooks.gemini-operator.io/batch-events\n', 'the sample that the demo keeps')
  child.kill('SIGINT')
  assert.equal(await exited, 0, told.text)
})
