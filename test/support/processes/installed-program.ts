import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { TestContext } from 'node:test'

import { Agent, request } from 'undici'
import { parse } from 'yaml'

import packageJson from '../../../package.json' with { type: 'json' }
import { apiVersion, pluralName } from '../../../src/api/kind.ts'
import { v1Vectors } from '../../unit/signature/vectors.ts'
import { eventually } from '../measures/eventually.ts'

/** How `gwh` is called where it was installed: `node`, `qemu-aarch64` or `kubectl` may stand before it. */
export interface InstalledProgram {
  command: readonly [string, ...string[]]
  /** All that it finds of an environment. */
  env?: Readonly<Record<string, string>>
}

/** An emulated machine takes a minute for what this one does in a second. */
const emulated = { timeoutMs: 300_000 }

const sample = 'deploy/samples/worker-and-events.yaml'

/** A folder with nothing in it, far from any node_modules; removed after the test. */
export function emptyFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'gwh-installed-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function runInstalled({ command, env = {} }: InstalledProgram, args: readonly string[], cwd: string) {
  const [file, ...before] = command
  const { status, stdout, stderr } = spawnSync(file, [...before, ...args], { cwd, env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

/** What needs no cluster, run in a folder with nothing but the files that are named. */
export function commandsOnFilesWork(t: TestContext, program: InstalledProgram): void {
  const folder = emptyFolder(t)
  const gwh = (...args: string[]) => runInstalled(program, args, folder)

  assert.deepEqual(gwh('--version'), { status: 0, stdout: `${packageJson.version}\n`, stderr: '' })
  const help = gwh('--help')
  assert.deepEqual([help.status, help.stderr], [0, ''])
  assert.match(help.stdout, /^Usage: gwh COMMAND/)
  assert.match(help.stdout, /^ +status /m)
  assert.deepEqual(gwh('nonsense').status, 2)

  const valid = gwh('validate', resolve(sample))
  assert.deepEqual([valid.status, valid.stderr], [0, ''])
  assert.match(valid.stdout, /1 of 1 is valid\.\n$/)

  const [{ secret, id, timestamp, signature, body }] = v1Vectors
  const captured = (content: string) =>
    `POST /v1/s/ml/batch-events HTTP/1.1\r\nWebhook-Id: ${id}\r\nWebhook-Timestamp: ${timestamp}\r\nWebhook-Signature: ${signature}\r\n\r\n${content}`
  writeFileSync(join(folder, 'secret'), secret)
  writeFileSync(join(folder, 'genuine.http'), captured(body))
  writeFileSync(join(folder, 'forged.http'), captured(`${body} `))
  assert.deepEqual(gwh('verify', 'genuine.http', '--secret-file=secret').status, 0)
  assert.deepEqual(gwh('verify', 'forged.http', '--secret-file=secret').status, 1)
}

/**
 * `status` on an object that a controller and a receiver brought to Ready: those of the playground that `host` starts,
 * which have their inbox and their filters in threads.
 */
export async function statusWorks(t: TestContext, program: InstalledProgram, host = program): Promise<void> {
  const folder = emptyFolder(t)
  const [file, ...before] = host.command
  const sandbox = spawn(file, [...before, 'sandbox', '--data-dir=data'], { cwd: folder, env: host.env ?? {} })
  const exited = new Promise<number | null>((done) => sandbox.once('exit', done))
  t.after(() => sandbox.kill('SIGKILL'))
  let told = ''
  for (const stream of [sandbox.stdout, sandbox.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (told += text))
  }
  const ended = exited.then(() => Promise.reject(new Error(`the sandbox ended: ${told}`)))
  const seen = (pattern: RegExp) =>
    Promise.race([ended, eventually(`the sandbox printing ${pattern}`, () => pattern.exec(told)?.[1], emulated)])
  const kubeconfig = resolve(folder, await seen(/^Kubeconfig +(\S+)$/m))
  const service = await seen(/^WebhookService +(\S+)/m)
  const given = resolve(folder, await seen(/^ +kubectl apply -f (\S+)$/m))
  await seen(/(Ctrl-C)/)

  await create(kubeconfig, withFilter(parse(readFileSync(given, 'utf8')) as Webhook))
  const status = await eventually(
    'a chain without a broken link',
    () => {
      const answer = runInstalled(
        program,
        ['status', 'default/batch-events', '--no-probe', `--kubeconfig=${kubeconfig}`],
        folder,
      )
      return answer.status === 0 && answer
    },
    emulated,
  )
  assert.match(status.stdout, /^endpoint proven +Good /m)
  assert.match(status.stdout, /\nNo link is broken\.\n$/)

  for (const id of ['batches/unwanted', 'batches/wanted']) {
    const event = { project: 'sandbox', type: 'batch.succeeded', data: { id } }
    await post(`${service}/_admin/events`, event)
  }
  await seen(/^worker got .*(batches\/wanted)/m)
  assert.doesNotMatch(told, /batches\/unwanted/, 'the filter runs in a thread')
  ended.catch(() => {})
  sandbox.kill('SIGINT')
  assert.equal(await exited, 0, told)
}

interface Webhook {
  metadata: { name: string }
  spec: { sinks: object[] }
}

function withFilter(webhook: Webhook): object {
  const [worker, ...others] = webhook.spec.sinks
  const filter = { cel: "event.data.id.endsWith('/wanted')" }
  return { ...webhook, spec: { ...webhook.spec, sinks: [{ ...worker, filter }, ...others] } }
}

async function create(kubeconfig: string, object: object): Promise<void> {
  const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8')) as {
    clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }]
    users: [{ user: { token: string } }]
  }
  const [{ cluster }] = clusters
  await post(`${cluster.server}/apis/${apiVersion}/namespaces/default/${pluralName}`, object, {
    ca: Buffer.from(cluster['certificate-authority-data'], 'base64'),
    token: users[0].user.token,
  })
}

async function post(address: string, body: object, { ca, token }: { ca?: Buffer; token?: string } = {}): Promise<void> {
  const answer = await request(address, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(body),
    dispatcher: new Agent({ connect: { ca, timeout: emulated.timeoutMs } }),
  })
  assert.match(String(answer.statusCode), /^20[01]$/, await answer.body.text())
}
