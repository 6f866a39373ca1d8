import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { systemClock } from '../../src/clock.ts'
import { createCallBudget } from '../../src/gemini/call-budget.ts'
import { createGeminiMetrics } from '../../src/gemini/gemini-metrics.ts'
import { openWebhookService, type WebhookServiceOptions } from '../../src/gemini/open-webhook-service.ts'
import type { WebhookService } from '../../src/gemini/webhook-service.ts'
import { createMetrics } from '../../src/observability/metrics.ts'
import { switchesSchema, type SwitchChanges, type Switches } from '../../playground/webhook-service/switches.ts'
import { eventually } from '../support/measures/eventually.ts'
import { startSimulator } from '../support/worlds/simulator.ts'
import { geminiErrorOf } from '../support/measures/gemini-error-of.ts'

/**
 * The port's promises, kept by the client over the official SDK against the simulated service, in both API versions.
 */
const apiVersions = ['v1', 'v1beta'] as const

async function start(t: TestContext, options: Partial<WebhookServiceOptions> = {}, switches: SwitchChanges = {}) {
  const simulated = await startSimulator(t, { switches })
  const metrics = createGeminiMetrics(createMetrics())
  const budget = createCallBudget({
    settings: { callsPerSecond: 1000, burst: 1000 },
    clock: systemClock,
    metrics,
  })
  const { url: baseUrl, apiKey } = simulated
  const open = (changes: Partial<WebhookServiceOptions> = {}): WebhookService =>
    openWebhookService({ apiKey, baseUrl, budget, clock: systemClock, metrics, ...options, ...changes })
  return { ...simulated, open, service: open() }
}

const input = {
  name: 'gwh:0123456789ab nightly',
  uri: 'https://hooks.test/v1/s/ml/x',
  subscribedEvents: ['batch.failed'],
}

for (const apiVersion of apiVersions) {
  describe(`WebhookService over /${apiVersion}`, () => {
    test('create shows the webhook and its secret, get and list show it by its hint', async (t) => {
      const { service, admin } = await start(t, { apiVersion })
      assert.deepEqual(await service.list(), [])
      const { webhook, signingSecret } = await service.create(input)
      assert.match(webhook.id, /^[a-z0-9]{36}$/)
      assert.match(signingSecret, /^whsec_/)
      assert.deepEqual(webhook, {
        id: webhook.id,
        ...input,
        state: 'enabled',
        signingSecrets: [{ truncatedSecret: `whsec_...${signingSecret.slice(-4)}` }],
      })
      assert.deepEqual(await service.get(webhook.id), webhook)
      assert.deepEqual(await service.list(), [webhook])
      assert.deepEqual(admin.secrets(webhook.id), [{ secret: signingSecret }])
      assert.deepEqual(
        admin.calls().calls.map((call) => call.version),
        Array.from({ length: 4 }, () => apiVersion),
      )
    })

    test('update changes the given fields and nothing else', async (t) => {
      const { service } = await start(t, { apiVersion })
      const { webhook } = await service.create(input)
      const changes = { uri: 'https://other.test/x', state: 'disabled' } as const
      assert.deepEqual(await service.update(webhook.id, changes), { ...webhook, ...changes })
      const renamed = await service.update(webhook.id, { name: 'n', subscribedEvents: ['video.generated'] })
      assert.deepEqual(renamed, { ...webhook, ...changes, name: 'n', subscribedEvents: ['video.generated'] })
    })

    test('rotate with grace keeps the old secret for 24 hours, at once does not', async (t) => {
      const { service, admin } = await start(t, { apiVersion })
      const { webhook, signingSecret } = await service.create(input)
      const second = await service.rotateSigningSecret(webhook.id, 'revoke_previous_secrets_after_h24')
      const overlapping = (await service.get(webhook.id))?.signingSecrets ?? []
      const old = overlapping.find(({ truncatedSecret }) => truncatedSecret.endsWith(signingSecret.slice(-4)))
      const inHours = (Date.parse(old?.expireTime ?? '') - admin.now()) / 3_600_000
      assert.ok(inHours > 23.9 && inHours <= 24, `expires in ${inHours} h`)
      assert.equal(overlapping.filter(({ expireTime }) => expireTime === undefined).length, 1)
      await admin.advance(24 * 3_600_000)
      const rested = (await service.get(webhook.id))?.signingSecrets
      assert.deepEqual(rested, [{ truncatedSecret: `whsec_...${second.slice(-4)}` }])
      const third = await service.rotateSigningSecret(webhook.id, 'revoke_previous_secrets_immediately')
      assert.deepEqual(admin.secrets(webhook.id), [{ secret: third }])
    })

    test('delete removes, and deleting what is gone succeeds', async (t) => {
      const { service, admin } = await start(t, { apiVersion })
      const { webhook } = await service.create(input)
      await service.delete(webhook.id)
      await service.delete(webhook.id)
      assert.equal(await service.get(webhook.id), undefined)
      assert.deepEqual(admin.webhooks(), [])
    })

    test('ping asks for a delivery', async (t) => {
      const { service, admin } = await start(t, { apiVersion })
      const { webhook } = await service.create(input)
      await service.ping(webhook.id)
      await admin.advance(0)
      assert.equal(admin.deliveries(webhook.id)[0]?.state, 'delivered')
    })

    test('what needs a webhook that is gone says so', async (t) => {
      const { service } = await start(t, { apiVersion })
      for (const call of [
        () => service.update('gone', { state: 'enabled' }),
        () => service.ping('gone'),
        () => service.rotateSigningSecret('gone', 'revoke_previous_secrets_after_h24'),
      ]) {
        assert.equal((await geminiErrorOf(call())).code, 'ERR_GEMINI_NOT_FOUND')
      }
    })
  })
}

test('list reads every page', async (t) => {
  const { service, admin } = await start(t)
  const created = Array.from({ length: 2_345 }, (_, n) => admin.createWebhook('project-a', { ...input, name: `n${n}` }))
  const listed = await service.list()
  assert.deepEqual(
    listed.map(({ id }) => id),
    created.map(({ id }) => id),
  )
  assert.equal(admin.calls().counts.list.received, 3)
})

for (const errorShape of ['rpc', 'interactions'] as const) {
  test(`errors mean the same in the ${errorShape} shape`, async (t) => {
    const { service, open } = await start(t, {}, { errorShape })
    assert.equal(await service.get('gone'), undefined)
    const rejected = await geminiErrorOf(service.create({ ...input, subscribedEvents: ['batch.cancelled'] }))
    assert.equal(rejected.code, 'ERR_GEMINI_REJECTED')
    assert.match(rejected.message, /batch\.cancelled/, "Google's text helps the user")
    const badKey = await geminiErrorOf(open({ apiKey: 'AIzaSyNobodyKnowsThisKey' }).list())
    assert.equal(badKey.code, 'ERR_GEMINI_CREDENTIALS_REJECTED')
    assert.equal(badKey.status, 400)
  })
}

test('a webhook of another project is not seen', async (t) => {
  const { service, admin, open } = await start(t)
  const { webhook } = await service.create(input)
  admin.createProject('project-b')
  const other = open({ apiKey: admin.createApiKey('project-b') })
  assert.equal(await other.get(webhook.id), undefined)
  assert.deepEqual(await other.list(), [])
  const sameProject = open({ apiKey: admin.createApiKey('project-a') })
  assert.equal((await sameProject.list()).length, 1)
})

describe('one call means one request, whatever happens to it', () => {
  const faults = [
    { effect: { type: 'status', status: 500 }, code: 'ERR_GEMINI_UNAVAILABLE' },
    { effect: { type: 'status', status: 503, retryAfter: '1' }, code: 'ERR_GEMINI_UNAVAILABLE' },
    { effect: { type: 'status', status: 503, when: 'afterCommit' }, code: 'ERR_GEMINI_UNAVAILABLE' },
    { effect: { type: 'status', status: 409 }, code: 'ERR_GEMINI_CONFLICT' },
    { effect: { type: 'status', status: 408 }, code: 'ERR_GEMINI_UNAVAILABLE' },
    { effect: { type: 'reset' }, code: 'ERR_GEMINI_CONNECTION' },
    { effect: { type: 'reset', when: 'afterCommit' }, code: 'ERR_GEMINI_CONNECTION' },
    { effect: { type: 'hang' }, code: 'ERR_GEMINI_TIMEOUT' },
    { effect: { type: 'hang', when: 'afterCommit' }, code: 'ERR_GEMINI_TIMEOUT' },
    { effect: { type: 'garble', how: 'noContent' }, code: 'ERR_GEMINI_BAD_ANSWER' },
    { effect: { type: 'garble', how: 'html' }, code: 'ERR_GEMINI_BAD_ANSWER' },
    { effect: { type: 'garble', how: 'truncated' }, code: 'ERR_GEMINI_BAD_ANSWER' },
    { effect: { type: 'garble', how: 'noContentType' }, code: 'ERR_GEMINI_BAD_ANSWER' },
    { effect: { type: 'garble', how: 'emptyObject' }, code: 'ERR_GEMINI_BAD_ANSWER' },
  ] as const
  for (const { effect, code } of faults) {
    test(`create under ${JSON.stringify(effect)} is ${code} and was sent once`, async (t) => {
      const { service, admin } = await start(t, { timeoutMs: effect.type === 'hang' ? 300 : 10_000 })
      admin.addFault({ verb: 'create', effect })
      const error = await geminiErrorOf(service.create(input))
      assert.equal(error.code, code)
      const { received, committed } = await eventually('the call', () => {
        const { create } = admin.calls().counts
        return create.received > 0 && create
      })
      assert.equal(received, 1)
      assert.equal(admin.webhooks().length, committed)
      if (committed > 0) assert.ok(error.mayHaveCommitted, 'what took effect must never be reported as impossible')
      for (const { secret } of admin.webhooks().flatMap(({ secrets }) => secrets)) {
        assert.ok(!`${error.stack}${JSON.stringify(error)}`.includes(secret.slice(6, 20)), 'the secret leaked')
      }
    })
  }
})

test("neither the API key nor a secret that Google's text repeats gets into an error", async (t) => {
  const { service, admin, apiKey } = await start(t)
  const { webhook, signingSecret } = await service.create(input)
  const message = `request with ${apiKey} for ${signingSecret} refused`
  for (const status of [400, 403, 404, 409, 429, 500]) {
    admin.addFault({ effect: { type: 'status', status, message, retryAfter: '0' } })
    const error = await geminiErrorOf(service.ping(webhook.id))
    const whole = `${error.message} ${error.stack} ${JSON.stringify(error)}`
    assert.ok(!whole.includes(apiKey) && !whole.includes(signingSecret), `leaked at ${status}: ${whole}`)
    assert.match(error.message, /\[redacted\] for \[redacted\] refused/)
  }
})

describe('a whole life holds under every setting of every switch', () => {
  const words = Object.entries(switchesSchema.shape).flatMap(([name, { description }]) => {
    const { innerType } = switchesSchema.shape[name as keyof Switches].def
    return 'options' in innerType && innerType.type === 'enum' && description !== undefined
      ? innerType.options.map((setting) => [name, setting] as const)
      : []
  })
  const numbers = [
    ['secretBytes', 32],
    ['secretBytes', 64],
    ['maxSigningSecrets', 2],
  ] as const
  for (const [name, setting] of [...words, ...numbers]) {
    test(`${name}: ${setting}`, async (t) => {
      const { service, admin } = await start(t, {}, { [name]: setting })
      const { webhook, signingSecret } = await service.create(input)
      assert.deepEqual(await service.list(), [webhook])
      const hints = async () =>
        (await service.get(webhook.id))?.signingSecrets.map((each) => each.truncatedSecret) ?? []
      assert.deepEqual(await hints(), [`whsec_...${signingSecret.slice(-4)}`])
      const fresh = await service.rotateSigningSecret(webhook.id, 'revoke_previous_secrets_after_h24')
      const both = [signingSecret, fresh].map((secret) => `whsec_...${secret.slice(-4)}`)
      assert.deepEqual(new Set(await hints()), new Set(both))
      await service.ping(webhook.id)
      await admin.advance(0)
      assert.equal(admin.deliveries(webhook.id)[0]?.state, 'delivered')
      assert.equal((await service.update(webhook.id, { state: 'disabled', name: 'm' })).name, 'm')
      assert.equal((await service.get(webhook.id))?.state, 'disabled')
      await service.delete(webhook.id)
      assert.equal(await service.get(webhook.id), undefined)
      assert.deepEqual(await service.list(), [])
    })
  }
  test('covers all of them', () => assert.ok(words.length > 90, `${words.length} settings`))
})
