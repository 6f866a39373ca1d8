import assert from 'node:assert/strict'
import { test } from 'node:test'

import { WebhookServicePool } from '../../../../src/controller/observe/webhook-service-pool.ts'
import type { Caller, SharedWebhookService } from '../../../../src/gemini/webhook-service.ts'
import { FakeClock } from '../../../support/doubles/fake-clock.ts'

const callerOf = (party: string): Caller => ({ party, isUrgent: false, withoutWorker: (wait) => wait() })

const aService = (fingerprint: string) =>
  ({ as: ({ party }: Caller) => ({ party, fingerprint }) }) as unknown as SharedWebhookService

function aPool(onCrowd: () => void = () => {}) {
  const opened: string[] = []
  const clock = new FakeClock()
  const open = ({ fingerprint }: { fingerprint: string }) => {
    opened.push(fingerprint)
    return aService(fingerprint)
  }
  const pool = new WebhookServicePool({ open, clock, onCrowd })
  const use = (fingerprint: string, party: string) =>
    pool.serviceFor({ apiKey: 'k', fingerprint }, callerOf(party)) as Promise<unknown>
  return { pool, opened, clock, use }
}

test('a key is opened once, and each calls on its own account', async () => {
  const { opened, use } = aPool()
  assert.deepEqual(await use('f', 'ml'), { party: 'ml', fingerprint: 'f' })
  assert.deepEqual(await use('f', 'search'), { party: 'search', fingerprint: 'f' })
  assert.deepEqual(opened, ['f'])
})

test('a fingerprint in a status is no way to the key of another namespace', async () => {
  const { pool, use } = aPool()
  await use('f', 'ml')
  assert.equal(pool.known('f', callerOf('evil')), undefined)
  assert.notEqual(pool.known('f', callerOf('ml')), undefined, 'whose own Secret has shown it')
  pool.prune(new Set())
  assert.equal(pool.known('f', callerOf('ml')), undefined)
})

test('keys that nobody uses any more are let go of long before the next sweep, however many come', async () => {
  let current = ''
  const { pool, opened, clock, use } = aPool(() => pool.prune(new Set(['lasting', current])))
  await use('lasting', 'ml')
  for (let index = 0; index < 500; index++) {
    current = `f${index}`
    const used = use(current, 'evil')
    await clock.advance({ ms: 200 })
    await used
  }
  const kept = opened.filter((each) => pool.known(each, callerOf(each === 'lasting' ? 'ml' : 'evil')) !== undefined)
  assert.ok(kept.length <= 64, `${kept.length} are kept`)
  assert.ok(kept.includes('lasting') && kept.includes('f499'))
})

test('ever new keys of one namespace go five a second; the new key of another comes next, and keys in use do not wait', async () => {
  const { opened, clock, use } = aPool()
  await use('lasting', 'ml')
  const waiting = Array.from({ length: 600 }, (_, index) => use(`evil-${index}`, 'evil'))
  await clock.advance({ ms: 0 })
  const atOnce = opened.length
  assert.ok(atOnce <= 100, `${atOnce} at once`)
  await use('lasting', 'ml')
  const victim = use('victim', 'ml')
  await clock.advance({ ms: 400 })
  await victim
  assert.ok(opened.length <= atOnce + 3, 'as the second at the latest')
  await clock.advance({ ms: 60_000 })
  assert.ok(opened.length <= atOnce + 302, `${opened.length} after a minute`)
  await clock.advance({ ms: 60_000 })
  await Promise.all(waiting)
})

test('objects that wait with one key take one turn together', async () => {
  const { opened, clock, use } = aPool()
  await Promise.all(Array.from({ length: 100 }, (_, index) => use(`first-${index}`, 'ml')))
  const waiting = Array.from({ length: 50 }, () => use('shared', 'ml'))
  await clock.advance({ ms: 200 })
  await Promise.all(waiting)
  assert.equal(opened.length, 101)
})

test('of the namespace with most keys the longest unused is closed where there are too many', async () => {
  const { pool, clock, use } = aPool()
  await use('lasting', 'ml')
  const many = Array.from({ length: 10_001 }, (_, index) => use(`f${index}`, 'evil'))
  await clock.advance({ ms: 2_000_000 })
  await Promise.all(many)
  assert.equal(pool.known('f0', callerOf('evil')), undefined)
  assert.notEqual(pool.known('f10000', callerOf('evil')), undefined)
  assert.notEqual(pool.known('lasting', callerOf('ml')), undefined)
})
