import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { geminiWebhookKind } from '../../../src/api/kind.ts'
import { pageAddresses, type PageError } from '../../../src/contract/page/addresses.ts'
import type { PlaygroundAction } from '../../../src/contract/playground/actions.ts'
import { playgroundAddresses, type ActionDone, type PlaygroundState } from '../../../src/contract/playground/answers.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { startPage } from '../../../src/roles/sandbox/start-page.ts'
import { startSandbox, type Sandbox } from '../../../src/roles/sandbox/start.ts'
import { roleDeps } from '../../support/builders/role-deps.ts'
import { eventually } from '../../support/measures/eventually.ts'
import { PageClient } from '../../support/worlds/page-client.ts'

let sandbox: Sandbox
let ui: Awaited<ReturnType<typeof startPage>>
let page: PageClient
const webhook = 'default/all-events'
const key = { namespace: 'default', name: 'all-events' }
const jobs = { namespace: 'default', name: 'single-jobs' }
const here = { at: 'webhook', ...key }

before(async () => {
  const ports = { kubernetesPort: 0, webhookServicePort: 0, receiverPort: 0, workerPort: 0 }
  const { deps } = roleDeps()
  sandbox = await startSandbox({ host: '127.0.0.1', ...ports, dataDir: undefined, keep: false, speed: 100 }, deps)
  ui = await startPage(sandbox, deps, 0)
  page = await PageClient.open(ui.url)
})
after(async () => {
  await ui.close()
  await sandbox.stop()
})

async function post(action: unknown) {
  const { status, body } = await page.post(`${pageAddresses.playground}${playgroundAddresses.actions}`, action)
  return { status, body: body as ActionDone & PageError }
}

async function done(action: PlaygroundAction): Promise<ActionDone> {
  const { status, body } = await post(action)
  assert.equal(status, 200, JSON.stringify(body))
  assert.match(body.says, /^[^.]+[^]*\.$/, 'a sentence')
  return body
}

async function refused(action: unknown, status: number, error: RegExp): Promise<void> {
  const answer = await post(action)
  assert.equal(answer.status, status, JSON.stringify(answer.body))
  assert.match(answer.body.error, error)
}

async function state(): Promise<PlaygroundState> {
  const { body } = await page.get(`${pageAddresses.playground}${playgroundAddresses.state}`)
  return body as unknown as PlaygroundState
}

const read = (of = key) => sandbox.kubernetes.client.get<GeminiWebhook>(geminiWebhookKind, of)

async function isTrue(type: string, of = key): Promise<boolean> {
  const conditions = (await read(of))?.status?.conditions ?? []
  return conditions.some((condition) => condition.type === type && condition.status === 'True')
}

const rotations = () => sandbox.simulator.admin.calls().counts.rotateSigningSecret.received

/** The event that an action says it sent. */
function eventOf({ look }: ActionDone): string {
  assert.equal(look.at, 'delivery')
  return look.at === 'delivery' ? look.eventId : ''
}

test('at first there is no object, and what needs one is refused with what to do', async () => {
  assert.deepEqual((await state()).webhooks, [])
  await refused({ action: 'giveUp', webhook }, 409, /^GeminiWebhook default\/all-events: does not exist/)
  await refused({ action: 'deleteSample', sample: 'registered' }, 409, /does not exist; create it first/)
  const { says, look } = await done({ action: 'finishJob', job: 'batch', outcome: 'succeeded' })
  assert.match(says, /no webhook at Google wants batch\.succeeded/)
  assert.deepEqual(look, { at: 'overview' })
})

test('what is no action of the playground is refused with what would be one', async () => {
  await refused({ action: 'explode' }, 400, /action is none of the playground/)
  await refused({ action: 'finishJob', job: 'video', outcome: 'failed' }, 400, /outcome is not one of generated/)
  await refused({ action: 'mendWorker', extra: 1 }, 400, /a field is not one of action/)
})

test('the samples are created, become Ready, and are shown', async () => {
  assert.deepEqual((await done({ action: 'createSample', sample: 'registered' })).look, here)
  await done({ action: 'createSample', sample: 'dynamic' })
  await refused({ action: 'createSample', sample: 'dynamic' }, 409, /exists already/)
  await eventually('both Ready', async () => (await isTrue('Ready')) && (await isTrue('Ready', jobs)))
  assert.deepEqual((await state()).webhooks, [
    { ...key, sample: 'registered', dynamic: false, atGoogle: 'enabled' },
    { ...jobs, sample: 'dynamic', dynamic: true },
  ])
})

for (const [job, outcome] of [
  ['batch', 'succeeded'],
  ['interaction', 'completed'],
  ['video', 'generated'],
] as const) {
  test(`a finished ${job} arrives at the worker, by the registered webhook and by an endpoint of its own`, async () => {
    const registered = await done({ action: 'finishJob', job, outcome } as PlaygroundAction)
    assert.match(registered.says, /was answered 204/)
    const dynamic = await done({
      action: 'finishJob',
      job,
      outcome,
      dynamic: 'default/single-jobs',
    } as PlaygroundAction)
    assert.match(dynamic.says, /was answered 204/)
    assert.ok(dynamic.look.at === 'delivery' && dynamic.look.name === 'single-jobs')
    await eventually('both at the worker', async () => {
      const { received } = await state()
      return [registered, dynamic].every((each) => received.some(({ eventId }) => eventId === eventOf(each)))
    })
  })
}

test('only an object with an endpoint for jobs takes a job of its own', async () => {
  const action = { action: 'finishJob', job: 'batch', outcome: 'failed', dynamic: webhook }
  await refused(action, 409, /has no spec\.dynamic/)
})

test('a worker that is broken for good makes dead letters; mended, it gets what is replayed', async () => {
  assert.deepEqual((await done({ action: 'breakWorker', status: 400 })).look, { at: 'deadLetters' })
  assert.equal((await state()).worker.refusesWith, 400)
  const eventId = eventOf(await done({ action: 'finishJob', job: 'batch', outcome: 'failed' }))
  await eventually('a dead letter', async () => {
    const { deadLetters } = await sandbox.receiver.inbox.deadLetters({ eventId, limit: 1 })
    return deadLetters.length === 1
  })
  await done({ action: 'mendWorker' })
  assert.equal((await state()).worker.refusesWith, undefined)
})

test('a worker that is away for a while loses nothing', async () => {
  assert.deepEqual((await done({ action: 'breakWorker', status: 503 })).look, { at: 'pending' })
  const eventId = eventOf(await done({ action: 'finishJob', job: 'batch', outcome: 'expired' }))
  await eventually('a first attempt', async () => {
    const { pending } = await sandbox.receiver.inbox.stats()
    return pending > 0
  })
  await done({ action: 'mendWorker' })
  await eventually('the worker getting it', async () => {
    return (await state()).received.some((event) => event.eventId === eventId)
  })
})

test('forged requests are refused, and no sink gets them', async () => {
  const { accepted } = (await state()).worker
  for (const how of ['otherSecret', 'stale', 'changedBody'] as const) {
    const { says, look } = await done({ action: 'forgeRequest', webhook, how })
    assert.match(says, /was answered 401/, how)
    assert.deepEqual(look, here)
  }
  assert.equal((await state()).worker.accepted, accepted)
})

test('the last genuine request once more is a duplicate', async () => {
  const eventId = eventOf(await done({ action: 'finishJob', job: 'batch', outcome: 'succeeded' }))
  const { says } = await done({ action: 'replayRequest', webhook })
  assert.match(says, new RegExp(`${eventId}.*answered 204.*duplicate`))
})

test('a deleted Secret comes back as it was', async () => {
  const name = (await read())?.status?.signingSecret?.name ?? ''
  const held = async () =>
    (await sandbox.kubernetes.client.get<Secret>(secretKind, { namespace: 'default', name }))?.data
  const before = await held()
  assert.match((await done({ action: 'deleteSecret', webhook })).says, new RegExp(`Secret default/${name}`))
  const again = await eventually('the Secret', held)
  assert.deepEqual(again, before)
  await refused({ action: 'deleteSecret', webhook: 'default/single-jobs' }, 409, /has no Secret/)
})

test('a rotation by another hand is noticed and followed by one of the operator', async () => {
  const before = rotations()
  await done({ action: 'rotateAtGoogle', webhook, revokePrevious: false })
  await eventually('a rotation', () => rotations() > before)
  await eventually('InSync', async () => (await isTrue('Ready')) && (await read())?.status?.operation === undefined)
  assert.match((await done({ action: 'finishJob', job: 'batch', outcome: 'succeeded' })).says, /was answered 204/)
})

test('a webhook that Google gave up on is enabled again', async () => {
  await done({ action: 'giveUp', webhook })
  await eventually('enabled again', async () => {
    const { webhooks } = await state()
    return webhooks.find(({ name }) => name === key.name)?.atGoogle === 'enabled'
  })
})

test('a sample that is deleted is gone, with its webhook at Google', async () => {
  await done({ action: 'deleteSample', sample: 'registered' })
  await eventually('gone', async () => {
    const { webhooks } = await state()
    return webhooks.length === 1 && sandbox.simulator.admin.webhooks().length === 0
  })
})
