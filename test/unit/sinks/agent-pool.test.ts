import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { AgentPool } from '../../../src/sinks/agent-pool.ts'

function aPool(t: TestContext): AgentPool {
  const pool = new AgentPool({ addressRules: createAddressRules(), clock: systemClock })
  t.after(() => pool.destroy())
  return pool
}

test('connections are shared by what they are made with, and by nothing else', (t) => {
  const pool = aPool(t)
  const material = { ca: 'A', cert: 'C', key: 'K' }
  assert.equal(pool.get('ml', 'cluster', {}), pool.get('ml', 'cluster', { ca: undefined }))
  assert.equal(pool.get('ml', 'cluster', material), pool.get('ml', 'cluster', { ...material }))
  const different = [
    pool.get('ml', 'cluster', {}),
    pool.get('ml', 'public', {}),
    pool.get('ml', 'cluster', material),
    pool.get('ml', 'public', material),
    pool.get('ml', 'cluster', { ...material, ca: 'B' }),
    pool.get('ml', 'cluster', { ...material, cert: 'D' }),
    pool.get('ml', 'cluster', { ...material, key: 'L' }),
    pool.get('ml', 'cluster', { ca: 'A' }),
    pool.get('other', 'cluster', material),
  ]
  assert.equal(new Set(different).size, different.length)
})

test('of agents with certificates of their own 256 are kept; the longest unused one closes, those in use stay', (t) => {
  const pool = aPool(t)
  const [first, second] = [pool.get('ml', 'cluster', { ca: '0' }), pool.get('ml', 'cluster', { ca: '1' })]
  const plain = pool.get('ml', 'cluster', {})
  for (let n = 2; n < 256; n++) pool.get('ml', 'cluster', { ca: String(n) })
  assert.equal(pool.get('ml', 'cluster', { ca: '0' }), first, 'used again: now the newest')
  pool.get('ml', 'cluster', { ca: '256' })
  assert.deepEqual([first.closed, second.closed, plain.closed], [false, true, false])
  assert.notEqual(pool.get('ml', 'cluster', { ca: '1' }), second)
})

test("a namespace with many certificates pushes out its own agents, and nobody else's", (t) => {
  const pool = aPool(t)
  const victims = Array.from({ length: 20 }, (_, n) => pool.get('victim', 'cluster', { ca: String(n) }))
  const attackers = Array.from({ length: 1_000 }, (_, n) => pool.get('attacker', 'cluster', { ca: String(n) }))
  assert.equal(victims.filter(({ closed }) => closed).length, 0)
  assert.equal(attackers.filter(({ closed }) => !closed).length, 236)
  pool.get('victim', 'cluster', { ca: 'new' })
  assert.equal(attackers.filter(({ closed }) => !closed).length, 235, 'and makes room for others')
})

test('all agents end with the pool', () => {
  const pool = new AgentPool({ addressRules: createAddressRules(), clock: systemClock })
  const agents = [pool.get('ml', 'cluster', {}), pool.get('ml', 'public', { ca: 'A' })]
  pool.destroy()
  assert.deepEqual(
    agents.map(({ destroyed }) => destroyed),
    [true, true],
  )
})
