import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { after, before, test } from 'node:test'

import type { GeminiWebhook, GeminiWebhookManifest } from '../../../src/api/gemini-webhook.ts'
import { apiVersion, geminiWebhookKind, kindName } from '../../../src/api/kind.ts'
import { pageAddresses } from '../../../src/contract/page/addresses.ts'
import type { PlaygroundAction } from '../../../src/contract/playground/actions.ts'
import { playgroundAddresses, type PlaygroundState } from '../../../src/contract/playground/answers.ts'
import { startPage } from '../../../src/roles/sandbox/start-page.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { signedDelivery } from '../../../src/signature/signed-delivery.ts'
import { decodeSigningSecret } from '../../../src/signature/signing-secret.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { PageClient } from '../../support/worlds/page-client.ts'

let sandbox: Sandbox
let ui: Awaited<ReturnType<typeof startPage>>
let page: PageClient
const key = { namespace: 'default', name: 'rotated' }
const hour = 3600
const day = 24 * hour

const spec: GeminiWebhookManifest['spec'] = {
  apiKeySecretRef: { name: 'gemini-api-key' },
  events: ['batch.succeeded', 'batch.failed'],
  // The shortest that there is; objects are spread over a tenth of it more.
  rotation: { interval: '48h' },
  sinks: [
    {
      name: 'worker',
      service: { name: 'batch-worker', port: 80, path: '/events' },
      // Nobody waits for that without moving the clock.
      delivery: { backoffDelay: '30m', backoffMax: '30m' },
    },
  ],
}

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const { deps } = roleDeps()
  const program = [process.execPath, 'src/main.ts']
  // So slow that the resync, every two minutes, is too late for these tests.
  const options = { host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 5, program }
  sandbox = await startSandbox(options, deps)
  ui = await startPage(sandbox, deps, 0)
  page = await PageClient.open(ui.url)
  const object = { apiVersion, kind: kindName, metadata: key }
  await sandbox.kubernetes.client.create(geminiWebhookKind, Object.assign(object, { spec }))
  await eventually('Ready', isReady)
})
after(async () => {
  await ui.close()
  await sandbox.stop()
})

async function done(action: PlaygroundAction): Promise<string> {
  const address = `${pageAddresses.playground}${playgroundAddresses.actions}`
  const { status, body } = await page.post(address, action)
  assert.equal(status, 200, JSON.stringify(body))
  return (body as { says: string }).says
}

const advance = (seconds: number) => done({ action: 'advanceClock', seconds })

async function state(): Promise<PlaygroundState> {
  const { body } = await page.get(`${pageAddresses.playground}${playgroundAddresses.state}`)
  return body as unknown as PlaygroundState
}

const read = () => sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, key)

async function isReady(): Promise<boolean> {
  const { conditions = [], operation } = (await read())?.status ?? {}
  return operation === undefined && conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
}

function remote() {
  const [webhook] = sandbox.simulator.admin.webhooks()
  assert.ok(webhook !== undefined)
  return webhook
}

const rotations = () => sandbox.simulator.admin.calls().counts.rotateSigningSecret.received

/** How a request of the sandbox's present is answered that is signed with this secret. */
async function answerTo(secret: string): Promise<number> {
  const decoded = decodeSigningSecret(secret)
  assert.ok(decoded.ok)
  const { clock, random } = sandbox.surroundings
  const event = { id: `msg_${Math.floor(random() * 2 ** 40)}`, type: 'batch.succeeded', data: { id: 'batches/1' } }
  const { headers, body } = signedDelivery(event, { key: decoded.value, nowMs: clock.now() })
  const address = `${sandbox.receiver.url}/v1/s/${key.namespace}/${key.name}`
  return (await fetch(address, { method: 'POST', headers, body: new Uint8Array(body) })).status
}

test('the panel says how far the clock is ahead', async () => {
  assert.equal((await state()).clock.aheadSeconds, 0)
  assert.match(await advance(hour), /^It is \d{4}-\d\d-\d\dT[\d:]+Z for Google, the cluster and the operator/)
  assert.equal((await state()).clock.aheadSeconds, hour)
  await eventually('Ready', isReady)
})

test('what Google sends on the way is not stale', async () => {
  const { admin } = sandbox.simulator
  admin.addDeliveryFault({ effect: { type: 'delay', ms: 600_000 } })
  const [deliveryId] = admin.emit({ project: remote().project, type: 'batch.failed', data: { id: 'batches/late' } })
  await advance(hour)
  const delivery = admin.deliveries().find((each) => each.deliveryId === deliveryId)
  assert.deepEqual(
    delivery?.attempts.map(({ status }) => status),
    [204],
  )
})

test('what the worker refused is tried again when it falls due', async () => {
  await done({ action: 'breakWorker', status: 503 })
  await done({ action: 'finishJob', job: 'batch', outcome: 'failed' })
  const { inbox } = sandbox.receiver
  const refused = await eventually('a refused attempt', async () => {
    const { pending } = await inbox.pending({ limit: 10 })
    return pending.find(({ state: is, attempts }) => is === 'waiting' && attempts === 1)
  })
  await done({ action: 'mendWorker' })
  await advance(hour)
  await eventually('the worker getting it', async () => {
    return (await state()).received.some(({ eventId }) => eventId === refused.eventId)
  })
})

test('gwh send signs at the time of the cluster', async () => {
  await advance(day)
  const line = `. ${sandbox.shellPath}; gwh send default/rotated --type=batch.failed`
  const { code, all } = await new Promise<{ code: unknown; all: string }>((resolve) => {
    const options = { env: { PATH: process.env['PATH'] }, encoding: 'utf8' } as const
    execFile('sh', ['-c', line], options, (error, out, err) => resolve({ code: error?.code ?? 0, all: out + err }))
  })
  assert.match(all, /: 204, stored/)
  assert.equal(code, 0, all)
})

test('days later the secret has been rotated as scheduled, and a day after that the old one is refused', async () => {
  const before = rotations()
  const former = remote().secrets.at(-1)?.secret ?? ''
  assert.equal(await answerTo(former), 204)
  await advance(day)
  await advance(day)
  await eventually('a rotation', () => rotations() > before)
  await eventually('Ready', isReady)
  assert.equal(rotations(), before + 1)
  const current = remote().secrets.at(-1)?.secret ?? ''
  assert.notEqual(current, former)
  assert.deepEqual([await answerTo(former), await answerTo(current)], [204, 204])

  await advance(day + hour)
  assert.deepEqual([await answerTo(former), await answerTo(current)], [401, 204])
  assert.equal(remote().secrets.length, 1)
  await eventually('Ready', isReady)
})
