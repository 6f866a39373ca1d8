import assert from 'node:assert/strict'
import { test } from 'node:test'

import { KubernetesApiError, type ObjectKey } from '../../../src/kubernetes/client.ts'
import { createControllerLoop, type ReconcileTurn } from '../../../src/kubernetes/controller-loop.ts'
import { TransientError } from '../../../src/kubernetes/errors.ts'
import { done, requeueAfter, type ReconcileResult } from '../../../src/kubernetes/result.ts'
import type { Logger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const key: ObjectKey = { namespace: 'ml', name: 'nightly' }

function recordingLogger(): { logger: Logger; lines: { level: string; details: Readonly<Record<string, unknown>> }[] } {
  const lines: { level: string; details: Readonly<Record<string, unknown>> }[] = []
  const at = (level: string) => (details: Readonly<Record<string, unknown>>) => void lines.push({ level, details })
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  }
  return { logger, lines }
}

function aLoop(
  reconcile: (key: ObjectKey, turn: ReconcileTurn) => Promise<ReconcileResult>,
  workers = 1,
  fairness: Partial<Pick<Parameters<typeof createControllerLoop>[0], 'groupOf' | 'isUrgent'>> = {},
) {
  const clock = new FakeClock()
  const metrics = createMetrics()
  const { logger, lines } = recordingLogger()
  const limits = { perKey: { baseMs: 1_000, maxMs: 60_000 }, overall: { ratePerSecond: 100, burst: 100 } }
  const loop = createControllerLoop({
    name: 'test',
    workers,
    reconcile,
    clock,
    random: () => 1,
    logger,
    metrics,
    limits,
    ...fairness,
  })
  return { clock, metrics, loop, lines }
}

const outcomes = [
  { name: 'done waits for a change', outcome: () => done(), againMs: undefined, label: 'done', level: undefined },
  { name: 'requeueAfter comes again on time', outcome: () => requeueAfter(5_000), againMs: 5_000, label: 'requeue' },
  {
    name: 'a transient error comes again after the backoff',
    outcome: () => new TransientError({ reason: 'RateLimited', message: 'slow down' }),
    againMs: 1_000,
    label: 'transient',
    level: 'warn',
  },
  {
    name: 'a transient error that was told when to come back does not come sooner',
    outcome: () => new TransientError({ reason: 'RateLimited', message: 'slow down', retryAfterMs: 20_000 }),
    againMs: 20_000,
    label: 'transient',
    level: 'warn',
  },
  {
    name: 'a lost optimistic lock is retried and not worth a warning',
    outcome: () => new KubernetesApiError({ status: 409, reason: 'Conflict', message: 'modified' }),
    againMs: 1_000,
    label: 'conflict',
    level: 'debug',
  },
  {
    name: 'an API server that asks for patience gets it',
    outcome: () =>
      new KubernetesApiError({ status: 429, reason: 'TooManyRequests', message: 'busy', retryAfterMs: 9_000 }),
    againMs: 9_000,
    label: 'transient',
    level: 'warn',
  },
  {
    name: 'a defect is retried and logged as an error',
    outcome: () => new TypeError('cannot read properties of undefined'),
    againMs: 1_000,
    label: 'unexpected',
    level: 'error',
  },
]

for (const { name, outcome, againMs, label, level } of outcomes) {
  test(name, async () => {
    let calls = 0
    const { clock, metrics, loop, lines } = aLoop(() => {
      calls += 1
      const value = calls === 1 ? outcome() : done()
      return value instanceof Error ? Promise.reject(value) : Promise.resolve(value)
    })
    loop.enqueue(key)
    loop.start()
    await settle()
    assert.equal(calls, 1)
    assert.match(
      (await metrics.expose()).text,
      new RegExp(`gwh_reconcile_total\\{controller="test",result="${label}"\\} 1`),
    )
    assert.deepEqual(
      lines.map((line) => line.level),
      level === undefined ? [] : [level],
    )
    if (againMs !== undefined) {
      await clock.advance({ ms: againMs - 1 })
      assert.equal(calls, 1, 'not before its time')
      await clock.advance({ ms: 1 })
      assert.equal(calls, 2, 'on time')
    }
    await clock.advance({ hours: 24 })
    assert.equal(calls, againMs === undefined ? 1 : 2)
    await loop.stop()
  })
}

test('backoff grows while a key keeps failing and starts over once it has done well', async () => {
  const startedMs: number[] = []
  const outcomes = ['fail', 'fail', 'fail', 'well', 'fail', 'well']
  const { clock, loop } = aLoop(() => {
    startedMs.push(clock.monotonic())
    return outcomes.shift() === 'fail'
      ? Promise.reject(new TransientError({ reason: 'Busy', message: 'busy' }))
      : Promise.resolve(done())
  })
  loop.enqueue(key)
  loop.start()
  await clock.advance({ seconds: 60 })
  loop.enqueue(key)
  await clock.advance({ seconds: 60 })
  assert.deepEqual(startedMs, [0, 1_000, 3_000, 7_000, 60_000, 61_000])
  await loop.stop()
})

test('workers share different keys and never one key', async () => {
  const working = new Set<string>()
  let most = 0
  const release: (() => void)[] = []
  const { loop } = aLoop(async ({ name }) => {
    assert.ok(!working.has(name), `two workers on ${name}`)
    working.add(name)
    most = Math.max(most, working.size)
    await new Promise<void>((resolve) => release.push(resolve))
    working.delete(name)
    return done()
  }, 3)
  loop.start()
  for (const name of ['a', 'b', 'a', 'c', 'd']) loop.enqueue({ namespace: 'ml', name })
  await settle()
  loop.enqueue({ namespace: 'ml', name: 'a' })
  await settle()
  assert.equal(most, 3)
  for (let round = 0; round < 5; round += 1) {
    for (const resolve of release.splice(0)) resolve()
    await settle()
  }
  assert.equal(working.size, 0)
  await loop.stop()
})

test('stop waits for the reconcile in work and starts no other', async () => {
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const { loop } = aLoop(async ({ name }) => {
    seen.push(name)
    await gate.promise
    return done()
  })
  loop.enqueue({ namespace: 'ml', name: 'a' })
  loop.enqueue({ namespace: 'ml', name: 'b' })
  loop.start()
  await settle()
  let stopped = false
  const stopping = loop.stop().then(() => {
    stopped = true
  })
  await settle()
  assert.equal(stopped, false)
  gate.resolve()
  await stopping
  assert.deepEqual(seen, ['a'])
  await loop.stop()
})

test('when its signal aborts the loop takes no further key and tells the reconcile in work', async () => {
  const leading = new AbortController()
  const seen: string[] = []
  const { loop, lines } = aLoop(async ({ name }, { signal }) => {
    seen.push(name)
    await new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('told to stop'))))
    return done()
  })
  loop.enqueue({ namespace: 'ml', name: 'a' })
  loop.enqueue({ namespace: 'ml', name: 'b' })
  loop.start(leading.signal)
  await settle()
  leading.abort()
  await loop.stop()
  assert.deepEqual(seen, ['a'])
  assert.deepEqual(lines, [], 'giving up on request is no failure')
})

test('a reconcile that waits without a worker lends its worker to another key, and nobody else gets its own key', async () => {
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const { loop } = aLoop(async ({ name }, { withoutWorker }) => {
    seen.push(`${name} begins`)
    if (name === 'slow') await withoutWorker(() => gate.promise)
    seen.push(`${name} ends`)
    return done()
  })
  for (const name of ['slow', 'b', 'c']) loop.enqueue({ namespace: 'ml', name })
  loop.start()
  await settle()
  loop.enqueue({ namespace: 'ml', name: 'slow' })
  await settle()
  assert.deepEqual(seen, ['slow begins', 'b begins', 'b ends', 'c begins', 'c ends'])
  gate.resolve()
  await settle()
  assert.deepEqual(seen.slice(5), ['slow ends', 'slow begins', 'slow ends'])
  await loop.stop()
})

test('who comes back goes before who has not begun, and never more are in work than there are workers', async () => {
  const gates = new Map(['a', 'b'].map((name) => [name, Promise.withResolvers<void>()]))
  const work = Promise.withResolvers<void>()
  const seen: string[] = []
  const { loop } = aLoop(async ({ name }, { withoutWorker }) => {
    const gate = gates.get(name)
    if (gate !== undefined) await withoutWorker(() => gate.promise)
    seen.push(name)
    if (name === 'busy') await work.promise
    return done()
  })
  for (const name of ['a', 'b', 'busy', 'd', 'e']) loop.enqueue({ namespace: 'ml', name })
  loop.start()
  await settle()
  for (const { resolve } of gates.values()) resolve()
  await settle()
  assert.deepEqual(seen, ['busy'], 'the only worker is taken')
  work.resolve()
  await settle()
  assert.deepEqual(seen, ['busy', 'a', 'b', 'd', 'e'])
  await loop.stop()
})

test('stop waits for reconciles that are suspended', async () => {
  const gate = Promise.withResolvers<void>()
  let ended = false
  const { loop } = aLoop(async (_, { withoutWorker }) => {
    await withoutWorker(() => gate.promise)
    ended = true
    return done()
  })
  loop.enqueue(key)
  loop.start()
  await settle()
  const stopping = loop.stop()
  await settle()
  assert.equal(ended, false)
  gate.resolve()
  await stopping
  assert.equal(ended, true)
})

test('what fails without a worker fails the reconcile, with its worker given back', async () => {
  let calls = 0
  const { loop, clock } = aLoop(async (_, { withoutWorker }) => {
    calls += 1
    if (calls === 1) await withoutWorker(() => Promise.reject(new TransientError({ reason: 'Busy', message: 'busy' })))
    return done()
  })
  loop.enqueue(key)
  loop.start()
  await clock.advance({ seconds: 1 })
  assert.equal(calls, 2)
  await loop.stop()
})

test('a loop without workers is refused when it is built', () => {
  assert.throws(() => aLoop(() => Promise.resolve(done()), 0), /"test": workers must be a whole number of at least 1/)
})

test('a crowd of one namespace that all wait for the same thing delays no other namespace, nor another key of its own', async () => {
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const { loop } = aLoop(
    async ({ namespace, name }, { withoutWorker }) => {
      seen.push(`${namespace}/${name}`)
      if (name.startsWith('crowd')) await withoutWorker(() => gate.promise)
      return done()
    },
    8,
    { groupOf: ({ name }) => (name.startsWith('crowd') ? 'paused-key' : 'other-key') },
  )
  for (let index = 0; index < 700; index++) loop.enqueue({ namespace: 'evil', name: `crowd-${index}` })
  loop.start()
  await settle()
  assert.equal(seen.length, 500, 'what waits without a worker is bounded')
  loop.enqueue({ namespace: 'victim', name: 'a' })
  loop.enqueue({ namespace: 'evil', name: 'b' })
  await settle()
  assert.deepEqual(seen.slice(500), ['victim/a', 'evil/b'])
  gate.resolve()
  await settle()
  assert.equal(seen.length, 702)
  await loop.stop()
})

test('a namespace whose reconciles hold every worker keeps no other from being worked on', async () => {
  const gate = Promise.withResolvers<void>()
  const seen: string[] = []
  const { loop } = aLoop(async ({ namespace }) => {
    seen.push(namespace)
    if (namespace === 'evil') await gate.promise
    return done()
  }, 2)
  for (const name of ['a', 'b', 'c']) loop.enqueue({ namespace: 'evil', name })
  loop.start()
  await settle()
  loop.enqueue({ namespace: 'victim', name: 'a' })
  await settle()
  assert.deepEqual(seen, ['evil', 'evil', 'victim'])
  gate.resolve()
  await loop.stop()
})

test('the retries of one namespace wait for its own failures alone', async () => {
  const seen: string[] = []
  const { loop, clock } = aLoop(async ({ namespace, name }) => {
    seen.push(`${namespace}/${name}`)
    throw new TransientError({ reason: 'Busy', message: 'busy' })
  })
  for (let index = 0; index < 400; index++) loop.enqueue({ namespace: 'evil', name: `e-${index}` })
  loop.start()
  await settle()
  loop.enqueue({ namespace: 'victim', name: 'a' })
  await settle()
  seen.length = 0
  await clock.advance({ seconds: 1 })
  assert.ok(seen.includes('victim/a'), 'its first backoff is a second')
  await loop.stop()
})

test('what is urgent is told so, and goes first within its namespace', async () => {
  const seen: string[] = []
  const { loop } = aLoop(
    async ({ name }, { isUrgent }) => {
      seen.push(`${name}${isUrgent ? '!' : ''}`)
      return done()
    },
    1,
    { isUrgent: ({ name }) => name === 'deleted' },
  )
  for (const name of ['a', 'deleted', 'b']) loop.enqueue({ namespace: 'ml', name })
  loop.enqueue({ namespace: 'ml', name: 'lost' }, { urgent: true })
  loop.start()
  await settle()
  assert.deepEqual(seen, ['deleted!', 'lost!', 'a', 'b'])
  await loop.stop()
})
