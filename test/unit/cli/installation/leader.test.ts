import assert from 'node:assert/strict'
import { test } from 'node:test'

import { leaderOf, readLeader } from '../../../../src/cli/installation/leader.ts'
import { KubernetesApiError, type KubernetesClient } from '../../../../src/kubernetes/client.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const lease = { holder: 'gwh-controller-0', renewedMs: nowMs - 5_000, durationMs: 15_000 }
const place = { namespace: 'gwh', nowMs }

test('a Lease that was renewed lately is held', () => {
  assert.deepEqual(leaderOf({ value: lease }, place), { state: 'Leads' })
})

for (const [what, value] of [
  ['is not there', undefined],
  ['has no holder', { ...lease, holder: '' }],
  ['was not renewed for a minute', { ...lease, renewedMs: nowMs - 60_000 }],
] as const) {
  test(`nobody leads where the Lease ${what}`, () => {
    const leader = leaderOf({ value }, place)
    assert.equal(leader.state, 'Nobody')
    assert.match(leader.state === 'Nobody' ? leader.says : '', /^no controller leads in namespace gwh/)
  })
}

test('what may not be read, or is looked for where nobody said that it is, is not known', () => {
  assert.deepEqual(leaderOf({ unread: '403 Forbidden' }, place), { state: 'Unknown', says: '403 Forbidden' })
  assert.equal(leaderOf({ value: undefined }, { ...place, isGuess: true }).state, 'Unknown')
})

interface World {
  /** By namespace, when the Lease there was renewed. */
  readonly leases: Readonly<Record<string, number>>
  /** Namespaces with pods of an operator; undefined: the user may not look. */
  readonly pods?: readonly string[]
  readonly skewMs?: number
}

function clientOf({ leases, pods, skewMs }: World): KubernetesClient {
  const client = {
    serverClockSkewMs: skewMs,
    list: () =>
      pods === undefined
        ? Promise.reject(new KubernetesApiError({ status: 403, reason: 'Forbidden', message: 'list pods: 403' }))
        : Promise.resolve({ items: pods.map((namespace) => ({ metadata: { name: 'x', namespace } })) }),
    get: (_kind: unknown, { namespace }: { namespace: string }) => {
      const renewedMs = leases[namespace]
      if (renewedMs === undefined) return Promise.resolve(undefined)
      const renewTime = new Date(renewedMs).toISOString()
      return Promise.resolve({ spec: { holderIdentity: 'x', renewTime, leaseDurationSeconds: 15 } })
    },
  }
  return client as unknown as KubernetesClient
}

const read = (world: World, operatorNamespace?: string) => readLeader(clientOf(world), { operatorNamespace, nowMs })

test('the Lease is read where the operator runs, or where it is said to', async () => {
  assert.equal((await read({ leases: { ops: nowMs }, pods: ['ops'] })).state, 'Leads')
  assert.equal((await read({ leases: { ops: nowMs } }, 'ops')).state, 'Leads')
  assert.equal((await read({ leases: {}, pods: ['ops'] })).state, 'Nobody')
  assert.equal((await read({ leases: {} })).state, 'Unknown')
  assert.equal((await read({ leases: { 'gemini-webhook-system': nowMs } })).state, 'Leads')
})

test('of several operators one that is led is enough', async () => {
  const pods = ['a', 'b']
  assert.equal((await read({ leases: { b: nowMs }, pods })).state, 'Leads')
  assert.equal((await read({ leases: { b: nowMs - 3_600_000 }, pods })).state, 'Nobody')
})

test('the clock of the cluster counts, and not that of this machine', async () => {
  const leases = { ops: nowMs - 3_600_000 }
  assert.equal((await read({ leases, pods: ['ops'], skewMs: -3_600_000 })).state, 'Leads')
})
