import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { createAddressRules } from '../../../src/sinks/address-guard.ts'
import { AgentPool } from '../../../src/sinks/agent-pool.ts'

function aPool(t: TestContext): AgentPool {
  const pool = new AgentPool({ addressRules: createAddressRules() })
  t.after(() => pool.destroy())
  return pool
}

test('connections are shared by what they are made with, and by nothing else', (t) => {
  const pool = aPool(t)
  const material = { ca: 'A', cert: 'C', key: 'K' }
  assert.equal(pool.get('cluster', {}), pool.get('cluster', { ca: undefined }))
  assert.equal(pool.get('cluster', material), pool.get('cluster', { ...material }))
  const different = [
    pool.get('cluster', {}),
    pool.get('public', {}),
    pool.get('cluster', material),
    pool.get('public', material),
    pool.get('cluster', { ...material, ca: 'B' }),
    pool.get('cluster', { ...material, cert: 'D' }),
    pool.get('cluster', { ...material, key: 'L' }),
    pool.get('cluster', { ca: 'A' }),
  ]
  assert.equal(new Set(different).size, different.length)
})

test('of agents with certificates of their own 256 are kept; the longest unused one closes, those in use stay', (t) => {
  const pool = aPool(t)
  const [first, second] = [pool.get('cluster', { ca: '0' }), pool.get('cluster', { ca: '1' })]
  const plain = pool.get('cluster', {})
  for (let n = 2; n < 256; n++) pool.get('cluster', { ca: String(n) })
  assert.equal(pool.get('cluster', { ca: '0' }), first, 'used again: now the newest')
  pool.get('cluster', { ca: '256' })
  assert.deepEqual([first.closed, second.closed, plain.closed], [false, true, false])
  assert.notEqual(pool.get('cluster', { ca: '1' }), second)
})

test('all agents end with the pool', async () => {
  const pool = new AgentPool({ addressRules: createAddressRules() })
  const agents = [pool.get('cluster', {}), pool.get('public', { ca: 'A' })]
  await pool.destroy()
  assert.deepEqual(
    agents.map(({ destroyed }) => destroyed),
    [true, true],
  )
})
