import assert from 'node:assert/strict'
import { test } from 'node:test'

import { JwksKeeper } from '../../../src/signature/jwks-keeper.ts'
import { aDynamicSender } from '../../support/doubles/dynamic-sender.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const url = new URL('https://keys.example.com/.well-known/jwks.json')

/** A keeper whose key server answers what the test says, when the test says so where it holds answers back. */
function aScene({ random = 0.5, timeoutMs }: { random?: number; timeoutMs?: number } = {}) {
  const clock = new FakeClock()
  const sender = aDynamicSender({ ed25519Keys: 2 })
  const server: {
    mode: 'serving' | 'down' | 'redirecting' | 'empty' | 'silent'
    requests: number
    gate?: Promise<void>
  } = { mode: 'serving', requests: 0 }
  const looks: boolean[] = []
  const problems: string[] = []
  const keeper = new JwksKeeper({
    url,
    clock,
    random: () => random,
    ...(timeoutMs !== undefined && { timeoutMs }),
    onLook: (look) => {
      looks.push(look.ok)
      if (!look.ok) problems.push(String(look.problem))
    },
    fetch: async (asked, { signal }) => {
      server.requests++
      assert.equal(asked, url.href)
      await server.gate
      if (server.mode === 'silent') {
        await new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason as Error)))
      }
      if (server.mode === 'down') throw new TypeError('fetch failed')
      if (server.mode === 'redirecting') return Response.redirect('https://elsewhere.example.com', 302)
      return Response.json(server.mode === 'empty' ? { keys: [] } : sender.jwks())
    },
  })
  const keyIds = () => keeper.keys?.ed25519.map(({ keyId }) => keyId)
  return { clock, sender, server, looks, problems, keeper, keyIds }
}

/** A response body takes a few turns of the event loop. */
async function settleResponse(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await settle()
}

async function aStartedScene(options: Parameters<typeof aScene>[0] = {}) {
  const scene = aScene(options)
  scene.keeper.start()
  await settleResponse()
  return scene
}

test('nothing is fetched before the start, and starting again fetches nothing more', async () => {
  const scene = aScene()
  assert.equal(await scene.keeper.refresh(), 'unknown')
  assert.equal(scene.server.requests, 0)
  scene.keeper.start()
  scene.keeper.start()
  await settleResponse()
  assert.equal(scene.server.requests, 1)
  assert.equal(scene.keyIds()?.length, 2)
})

test('keys are looked up again every ten minutes', async () => {
  const { clock, sender, server, keyIds } = await aStartedScene()
  const before = keyIds()
  sender.rotate()
  await clock.advance({ seconds: 599 })
  assert.equal(server.requests, 1)
  await clock.advance({ seconds: 1 })
  await settleResponse()
  assert.equal(server.requests, 2)
  assert.notDeepEqual(keyIds(), before)
})

for (const mode of ['down', 'redirecting', 'empty'] as const) {
  test(`stale keys keep working for days while the key server is ${mode}, which is asked once a minute`, async () => {
    const { clock, server, keyIds, looks } = await aStartedScene()
    const before = keyIds()
    server.mode = mode
    for (let minute = 0; minute < 2 * 24 * 60; minute++) {
      await clock.advance({ minutes: 1 })
      await settleResponse()
    }
    assert.deepEqual(keyIds(), before)
    assert.ok(server.requests >= 2_800 && server.requests <= 2_881, `${server.requests} requests in two days`)
    assert.equal(looks.filter((ok) => ok).length, 1)
  })
}

test('without any keys the pauses between looks double from five seconds to a minute', async () => {
  const scene = aScene()
  scene.server.mode = 'down'
  scene.keeper.start()
  await settleResponse()
  const atSeconds: number[] = []
  for (let second = 1; second <= 200; second++) {
    const before = scene.server.requests
    await scene.clock.advance({ seconds: 1 })
    await settleResponse()
    if (scene.server.requests > before) atSeconds.push(second)
  }
  assert.deepEqual(atSeconds, [5, 15, 35, 75, 135, 195])
})

test('an unknown signature finds a new key at once, and further ones wait a minute', async () => {
  const { clock, sender, server, keeper } = await aStartedScene()
  await clock.advance({ minutes: 1 })
  sender.rotate()
  assert.equal(await keeper.refresh(), 'changed')
  sender.rotate()
  for (let second = 0; second < 59; second++) {
    assert.equal(await keeper.refresh(), 'unchanged')
    await clock.advance({ seconds: 1 })
  }
  assert.equal(server.requests, 2)
  await clock.advance({ seconds: 1 })
  assert.equal(await keeper.refresh(), 'changed')
  assert.equal(server.requests, 3)
})

test('twenty unknown signatures while the key server fails cause one request, and none of them is called forged', async () => {
  const { clock, server, keeper } = await aStartedScene()
  await clock.advance({ minutes: 2 })
  server.mode = 'down'
  const outcomes = await Promise.all(Array.from({ length: 20 }, () => keeper.refresh()))
  assert.deepEqual(new Set(outcomes), new Set(['unknown']))
  await clock.advance({ seconds: 30 })
  assert.equal(await keeper.refresh(), 'unknown')
  assert.equal(server.requests, 2)
})

test('whoever asks during a look shares it', async () => {
  const { clock, sender, server, keeper } = await aStartedScene()
  await clock.advance({ minutes: 2 })
  sender.rotate()
  const { promise, resolve } = Promise.withResolvers<void>()
  server.gate = promise
  const asked = [keeper.refresh(), keeper.refresh()]
  await settle()
  resolve()
  assert.deepEqual(await Promise.all(asked), ['changed', 'changed'])
  assert.equal(server.requests, 2)
})

test('after the stop nothing is fetched any more', async () => {
  const { clock, server, keeper } = await aStartedScene()
  keeper.stop()
  await clock.advance({ hours: 1 })
  assert.equal(await keeper.refresh(), 'unchanged')
  assert.equal(server.requests, 1)
  assert.equal(clock.pending, 0)
})

test('a look that finds the same keys changes nothing, and moves the next regular one', async () => {
  const { clock, server, keeper } = await aStartedScene()
  await clock.advance({ minutes: 1 })
  assert.equal(await keeper.refresh(), 'unchanged')
  assert.equal(server.requests, 2)
  await clock.advance({ minutes: 9 })
  await settleResponse()
  assert.equal(server.requests, 2, 'the timer of the look before was cancelled')
  await clock.advance({ minutes: 1 })
  await settleResponse()
  assert.equal(server.requests, 3)
})

test('the interval is spread, so that receivers do not ask together', async () => {
  const { clock, server } = await aStartedScene({ random: 0 })
  await clock.advance({ seconds: 539 })
  assert.equal(server.requests, 1)
  await clock.advance({ seconds: 1 })
  await settleResponse()
  assert.equal(server.requests, 2)
})

test('a set without a key to verify with is told as such', async () => {
  const scene = aScene()
  scene.server.mode = 'empty'
  scene.keeper.start()
  await settleResponse()
  assert.deepEqual(scene.problems, ['Error: the key set at the JWKS URL holds no Ed25519 or RSA key to verify with'])
})

test('a keeper that was stopped, even in the middle of a look, asks no more and cannot be started again', async () => {
  const scene = aScene()
  const { promise, resolve } = Promise.withResolvers<void>()
  scene.server.gate = promise
  scene.keeper.start()
  scene.keeper.stop()
  resolve()
  await settleResponse()
  scene.keeper.start()
  await settleResponse()
  assert.equal(scene.server.requests, 1)
  assert.equal(scene.clock.pending, 0)
})

test('a key server that does not answer is given up after the time that was set', async () => {
  const scene = aScene({ timeoutMs: 20 })
  scene.server.mode = 'silent'
  scene.keeper.start()
  assert.equal(await scene.keeper.refresh(), 'unknown')
  assert.deepEqual(scene.looks, [false])
})
