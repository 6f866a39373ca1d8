import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcessByStdio } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { after, before, test } from 'node:test'
import { pathToFileURL } from 'node:url'

import packageJson from '../../../package.json' with { type: 'json' }
import { systemClock } from '../../../src/clock.ts'
import { LimitedWorker } from '../../../src/filter/limited-worker.ts'
import { bundle, loadedCode, type LoadedCode } from '../../../tools/bundle.ts'
import { eventually } from '../../support/measures/eventually.ts'

// Far from the repository: what runs here finds no node_modules.
const folder = mkdtempSync(join(tmpdir(), 'gwh-bundle-'))
const program = join(folder, 'dist', 'gwh.mjs')
let code: LoadedCode[] = []

before(async () => {
  code = loadedCode(await bundle({ outdir: join(folder, 'dist') }))
})
after(() => rmSync(folder, { recursive: true, force: true }))

const environment = { PATH: process.env['PATH'] ?? '' }
const gwh = (...args: string[]) =>
  spawnSync(process.execPath, [program, ...args], { cwd: folder, env: environment, encoding: 'utf8' })

function start(...args: string[]) {
  const child: ChildProcessByStdio<null, Readable, Readable> = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const collect = (chunk: string) => (output += chunk)
  child.stdout.setEncoding('utf8').on('data', collect)
  child.stderr.setEncoding('utf8').on('data', collect)
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve))
  return {
    seen: (pattern: RegExp) => eventually(`${args[0]} printing ${pattern}`, () => pattern.exec(output) ?? undefined),
    output: () => output,
    terminate() {
      child.kill('SIGTERM')
      return exited
    },
  }
}

const inputsOf = (name: string) => code.find((loaded) => loaded.name === name)?.inputs ?? []
const loads = (name: string, part: string) => inputsOf(name).some((input) => input.includes(part))

test('the program answers for itself without node_modules', () => {
  assert.deepEqual(gwh('--version').stdout, `${packageJson.version}\n`)
  assert.match(gwh('--help').stdout, /^Usage: gwh COMMAND/)
  for (const role of ['controller', 'receiver', 'sandbox']) {
    const { status, stdout } = gwh(role, '--help')
    assert.deepEqual([status, stdout.split('\n')[0]], [0, `Usage: gwh ${role} [flags]`])
  }
  assert.equal(gwh('receiver', '--nope').status, 2)
})

test('each role loads its own code and not that of the others', () => {
  assert.ok(loads('src/roles/controller.ts', '@google/genai'))
  assert.ok(!loads('src/roles/controller.ts', 'playground/'))
  assert.ok(!loads('src/roles/controller.ts', 'fastify'))
  assert.ok(loads('src/roles/receiver.ts', 'fastify'))
  assert.ok(!loads('src/roles/receiver.ts', '@google/genai'), 'the pod that faces the internet has no use for it')
  assert.ok(!loads('src/roles/receiver.ts', 'playground/'))
  assert.ok(!loads('src/roles/receiver.ts', '@nats-io/'), 'only an inbox in JetStream needs it')
  assert.ok(!loads('src/roles/receiver.ts', '@platformatic/'), 'only a sink in Kafka needs it')
  // Its API alone comes with the client of Prometheus.
  assert.ok(!loads('src/roles/receiver.ts', '@opentelemetry/sdk-trace'), 'only where traces are kept it is needed')
  assert.ok(!loads('src/roles/receiver.ts', '@opentelemetry/exporter'))
  assert.ok(loads('src/tracing/open-tracing.ts', '@opentelemetry/sdk-trace'))
  assert.ok(loads('src/program.ts', 'src/cli/webhook/status.ts'))
  for (const name of ['src/program.ts', 'src/roles/controller.ts', 'src/roles/receiver.ts']) {
    assert.ok(!loads(name, '@kubernetes/client-node'), 'it is for those who have a kubeconfig')
  }
  assert.ok(!loads('src/inbox/sqlite/worker.ts', 'node_modules/'), 'the inbox thread needs Node alone')
  assert.ok(!loads('src/roles/receiver.ts', 'cel-js'), 'no expression may run on the thread that answers requests')
  assert.ok(loads('src/filter/worker.ts', 'cel-js'))
  assert.ok(!loads('src/filter/worker.ts', 'src/observability/'), 'the thread of the filters has nothing but them')
})

test('the thread of the filters runs from a file of the bundle', async () => {
  const limits = { processorMs: 60_000, elapsedMs: 60_000 }
  const url = pathToFileURL(join(folder, 'dist', 'filter-worker.mjs'))
  const worker = new LimitedWorker(url, { clock: systemClock, limits })
  assert.ok(await worker.ready)
  const filter = { typesExact: [], typesPrefix: [], cel: 'event.data.count == 2' }
  const body = new TextEncoder().encode('{"data":{"count":2}}')
  const event = { body, mode: 'static', sentAtSeconds: 0 } as const
  const facts = { id: 'msg_1', source: '/a', attempt: 1 } as const
  const transform = { body: '"%s %d".format([event.id, event.data.count])', contentType: 'text/plain', facts }
  const end = await worker.run({ filter, transform, expressions: [], event, nowMs: 0 }, [])
  await worker.end()
  assert.ok(end.type === 'answered' && end.transformed?.type === 'made')
  assert.deepEqual([end.verdict, Buffer.from(end.transformed.content).toString()], ['wanted', 'msg_1 2'])
})

test('the receiver starts without an API server, its inbox thread from a file beside it, and stops in order', async (t) => {
  const kubeconfig = join(folder, 'kubeconfig')
  writeFileSync(kubeconfig, kubeconfigOf('https://127.0.0.1:1'))
  const startedMs = performance.now()
  const receiver = start(
    'receiver',
    `--kubeconfig=${kubeconfig}`,
    `--data-dir=${join(folder, 'inbox')}`,
    '--host=127.0.0.1',
    '--port=0',
    '--health-host=127.0.0.1',
    '--health-port=0',
    '--admin-port=0',
    '--drain=0s',
  )
  const [, port, healthPort] = await receiver.seen(/"port":(\d+),"healthPort":(\d+)/)
  t.diagnostic(`serving ${Math.round(performance.now() - startedMs)} ms after exec`)
  const probe = await fetch(`http://127.0.0.1:${healthPort}/readyz`)
  assert.deepEqual([probe.status, await probe.text()], [503, 'ConfigurationNotLoaded\n'])
  const delivery = await fetch(`http://127.0.0.1:${port}/v1/s/team/batches`, { method: 'POST', body: '{}' })
  assert.equal(delivery.status, 503, 'it cannot know yet that there is no such endpoint')
  assert.equal(await receiver.terminate(), 0, receiver.output())
})

test('the simulated WebhookService alone serves the API', async () => {
  const sandbox = start('sandbox', '--only=webhook-service')
  const [, url] = await sandbox.seen(/^WebhookService +(\S+)/m)
  const [, apiKey = ''] = await sandbox.seen(/^API key +(\S+)/m)
  const list = await fetch(`${url}/v1/webhooks`, { headers: { 'x-goog-api-key': apiKey } })
  assert.equal(list.status, 200)
  assert.equal(await sandbox.terminate(), 0, sandbox.output())
})

test('the whole sandbox: its page opens, and its shell file runs this very program', async () => {
  const sandbox = start('sandbox')
  const [, page = ''] = await sandbox.seen(/^Page +(\S+)/m)
  const entry = await fetch(page, { redirect: 'manual' })
  const cookie = entry.headers.getSetCookie()[0]?.split(';')[0] ?? ''
  const opened = await fetch(new URL(entry.headers.get('location') ?? '', page), { headers: { cookie } })
  assert.equal(opened.status, 200)
  assert.match(await opened.text(), /<!doctype html>/i)
  const [, shell] = await sandbox.seen(/^ {2}\. (\S+)$/m)
  const { status, stdout } = spawnSync('sh', ['-c', `. ${shell}; gwh doctor`], { env: environment, encoding: 'utf8' })
  assert.match(stdout, /^receivers +Good +2 of 2 ready/m)
  assert.equal(status, 0, stdout)
  assert.equal(await sandbox.terminate(), 0, sandbox.output())
})

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
