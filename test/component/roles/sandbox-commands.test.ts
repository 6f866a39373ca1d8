import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'

import { parse } from 'yaml'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { commandsToTry } from '../../../src/roles/sandbox/commands-to-try.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { findControlPlane } from '../../control-plane/find-control-plane.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { eventually } from '../../support/measures/eventually.ts'

let sandbox: Sandbox
const key = { namespace: 'default', name: 'batch-events' }

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const program = [process.execPath, 'src/main.ts']
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100, program }
  sandbox = await startSandbox(options, roleDeps().deps)
  const sample = parse(readFileSync('deploy/samples/worker-and-events.yaml', 'utf8')) as GeminiWebhook
  const { client } = sandbox.kubernetes
  await client.create(geminiWebhookKind, { ...sample, metadata: { ...sample.metadata, namespace: key.namespace } })
  await eventually('Ready', async () => {
    const webhook = await client.get<GeminiWebhook>(geminiWebhookKind, key)
    return webhook?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
  })
})
after(() => sandbox.stop())

const inShell = (line: string) => ['-c', `. ${sandbox.shellPath}; ${line}`]
/** Commands of this checkout find no variables of whoever runs the tests. */
const env = { PATH: process.env['PATH'] }

/** One line as a person types it, in a shell that has read the shell file. */
function type(line: string): Promise<{ code: number; out: string; all: string }> {
  return new Promise((resolve) => {
    execFile('sh', inShell(line), { env: { ...env, HOME: sandbox.dataDir }, encoding: 'utf8' }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, all: out + err })
    })
  })
}

/** As JSON, of a command that must have succeeded. */
async function told<T>(line: string): Promise<T> {
  const { code, out, all } = await type(`${line} -o json`)
  assert.equal(code, 0, all)
  return JSON.parse(out) as T
}

const cases = [
  { line: 'gwh status default/batch-events', says: /^route +Good[^]*No link is broken\./m },
  { line: 'gwh doctor', says: /^leader +Good[^]*^receivers +Good +2 of 2 ready[^]*No link is broken\./m },
  { line: 'gwh ping default/batch-events', says: /came to gwh-receiver-0, was verified and answered 204/ },
  { line: 'gwh send default/batch-events --type=batch.failed', says: /: 204, stored/ },
  { line: 'gwh inbox', says: /^gwh-receiver-0 +own[^]*^gwh-receiver-1 +own/m },
  { line: 'gwh deliveries', says: /Nothing is pending/ },
  { line: 'gwh deadletters', says: /No dead letters/ },
  { line: 'gwh rotate default/batch-events', says: /rotated; Secret default\/batch-events-signing-secret holds/ },
  { line: 'gwh import default/gemini-api-key', says: /webhooks at Google: 1; with a GeminiWebhook already: 1/ },
  { line: 'gwh orphans', says: /No orphans/ },
]
for (const { line, says } of cases) {
  test(line, async () => {
    const { code, all } = await type(line)
    assert.match(all, says)
    assert.equal(code, 0, all)
  })
}

test('gwh listen --webhook=default/batch-events', async (t) => {
  const child = spawn('sh', inShell('gwh listen --webhook=default/batch-events'), {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => process.kill(-(child.pid ?? 0), 'SIGTERM'))
  const seen: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => seen.push(line))
  const { admin } = sandbox.simulator
  const event = { project: 'sandbox', type: 'batch.succeeded', data: { id: 'batches/listened' } }
  const [deliveryId] = admin.emit(event)
  const { eventId = '' } = admin.deliveries().find((sent) => sent.deliveryId === deliveryId) ?? {}
  await eventually('both lines of the event', () => seen.filter((line) => line.includes(eventId)).length >= 2)
})

test('gwh deadletters, --body and replay, while the worker refuses for good and afterwards', async () => {
  sandbox.worker.refuseWith(400)
  sandbox.simulator.admin.emit({ project: 'sandbox', type: 'batch.failed', data: { id: 'batches/refused' } })
  const id = await eventually('a dead letter', async () => {
    const { deadLetters } = await told<{ deadLetters: { id: string }[] }>('gwh deadletters --type=batch.failed')
    return deadLetters[0]?.id
  })
  assert.match((await type(`gwh deadletters --body=${id}`)).out, /batches\/refused/)
  sandbox.worker.refuseWith(undefined)
  assert.match((await type(`gwh replay ${id}`)).out, /^1 /)
  await eventually('the worker getting it', () =>
    sandbox.worker.events.some(({ subject }) => subject?.includes('refused')),
  )
})

test('gwh deliveries and retry, while the worker is away and afterwards', async () => {
  sandbox.worker.refuseWith(503)
  sandbox.simulator.admin.emit({ project: 'sandbox', type: 'batch.expired', data: { id: 'batches/waiting' } })
  await eventually('a pending delivery', async () => {
    const { out } = await type('gwh deliveries --sink=worker')
    return out.includes('status 503')
  })
  sandbox.worker.refuseWith(undefined)
  const { code, all } = await type('gwh retry --sink=worker')
  assert.equal(code, 0, all)
  await eventually('the worker getting it', () =>
    sandbox.worker.events.some(({ subject }) => subject?.includes('waiting')),
  )
})

test('gwh drain gwh-receiver-0: what comes next goes to the other receiver', async () => {
  const { code, all } = await type('gwh drain gwh-receiver-0 --settle=1s')
  assert.match(all, /moved from gwh-receiver-0 to gwh-receiver-1/)
  assert.equal(code, 0, all)
  await eventually('the endpoint leading to the other one', async () => {
    const { out } = await type('gwh ping default/batch-events')
    return out.includes('came to gwh-receiver-1, was verified and answered 204')
  })
  assert.match((await type('gwh doctor')).out, /^receivers +Good +1 of 2 ready: gwh-receiver-1/m)
})

test('a drained receiver whose pod is deleted serves again', async () => {
  const pods = { group: '', version: 'v1', kind: 'Pod', plural: 'pods', namespaced: true }
  const key = { namespace: 'gemini-webhook-system', name: 'gwh-receiver-0' }
  await sandbox.kubernetes.client.delete(pods, key)
  await eventually('both ready', async () => /^receivers +Good +2 of 2 ready/m.test((await type('gwh doctor')).out))
  const { code, all } = await type('gwh inbox --pods=gwh-receiver-0')
  assert.match(all, /^gwh-receiver-0 +own/m)
  assert.equal(code, 0, all)
})

test('every command that the sandbox tells people to type was typed here', () => {
  const typed = new Set([...cases.map(({ line }) => line), 'gwh listen --webhook=default/batch-events'])
  assert.deepEqual(
    commandsToTry.filter((line) => !typed.has(line)),
    ['gwh drain gwh-receiver-0'],
  )
})

// The last: it moves the clock, and deliveries are lost from then on.
test('an event that Google does not deliver is found, with the commands of the page about backfill', async (t) => {
  const binaries = await findControlPlane()
  assert.ok(binaries !== undefined || process.env['GWH_REQUIRE_CONTROL_PLANE'] !== '1', 'no kubectl was found')
  if (binaries === undefined) return t.skip('no kubectl: set KUBEBUILDER_ASSETS')
  const page = readFileSync('docs/backfill.md', 'utf8')
  const [, commands = ''] = /^## Try it in the sandbox$[^]*?^```sh\n([^]*?)^```$/m.exec(page) ?? []
  const { code, all } = await type(`PATH="$PATH:${binaries.folder}"; set -e; ${commands}`)
  assert.equal(code, 0, all)
  assert.match(all, /default\/batch-events: 1 event that Google had not delivered was sent to the receivers/)
  assert.match(all, /Backfilled/)
})
