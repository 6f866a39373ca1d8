import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Agent } from 'undici'

import type { GeminiWebhookSpec } from '../../src/api/spec.ts'
import { eventually } from '../support/measures/eventually.ts'
import { postUnwatched } from '../support/measures/post-unwatched.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import { controllerAgent, startSimulatedOperator, tenant } from '../support/worlds/simulated-operator.ts'

/** Below the 10 s that a call to the service may take. */
const quietly = { grainMs: 5_000 }
const hours = 4
const minuteMs = 60_000
/** An hour of traffic between two writes, told by times of whole minutes: at most one is cut off at either end. */
const leastBetweenMs = 58 * minuteMs

const objects: Record<string, Partial<GeminiWebhookSpec>> = {
  'stored-only': {},
  delivered: { sinks: [{ name: 'cluster', kubernetesEvent: {} }] },
  named: { displayName: 'nightly batches', endpointCheck: 'Never' },
}
const names = Object.keys(objects)

test('with a delivery every minute an object has its status written once an hour at most, and nothing else is written for it', async (t) => {
  const operator = await startSimulatedOperator(t)
  const { admin, clock, kubernetes, traffic } = operator
  const agent = new Agent()
  t.after(() => agent.close())
  await operator.giveApiKey('project')
  await operator.startController()
  const receiver = await operator.startReceiver()
  for (const [name, spec] of Object.entries(objects)) await operator.apply(name, spec)
  await operator.untilAll(names, 'Ready', 'True')
  // The pass that made an object Ready may be followed by one that says that nothing is left to do.
  await eventually('all are at rest', async () => {
    const objects = await Promise.all(names.map((name) => operator.get(name)))
    return objects.every((each) => each?.status?.conditions?.every(({ type }) => type !== 'Reconciling') === true)
  })

  async function deliver(name: string): Promise<void> {
    const id = (await operator.get(name))?.status?.webhook?.id ?? ''
    const secret = admin.secrets(id)[0]?.secret ?? ''
    const delivery = signedDelivery({ secret, atMs: clock.now(), dataId: `batches/${clock.now()}` })
    assert.equal(await postUnwatched(`${receiver.url}/v1/s/${tenant}/${name}`, delivery, agent), 204, name)
  }

  const writtenMs = new Map<string, number[]>(names.map((name) => [name, []]))
  const otherWrites: string[] = []
  admin.resetCalls()
  traffic.forgetWrites()
  for (let minute = 0; minute < hours * 60; minute++) {
    const startedMs = clock.now()
    // The clock stands still meanwhile: a disk that stalls must not become a delivery that took too long to store.
    await Promise.all(names.map(deliver))
    await clock.advance({ ms: startedMs + minuteMs - clock.now() }, quietly)
    for (const { method, path } of traffic.writes(kubernetes.url, controllerAgent)) {
      const name = names.find((candidate) => path.endsWith(`/geminiwebhooks/${candidate}/status`))
      if (name === undefined) otherWrites.push(`${method} ${path}`)
      else writtenMs.get(name)?.push(clock.now())
    }
    traffic.forgetWrites()
  }

  t.diagnostic(`status writes in ${hours} h: ${[...writtenMs].map(([name, at]) => `${name} ${at.length}`).join(', ')}`)
  assert.deepEqual(otherWrites, [])
  const { list, ...others } = admin.calls().counts
  const called = Object.entries(others).filter(([, { received }]) => received > 0)
  assert.deepEqual(called, [], 'lists only')
  assert.ok(list.received > 0)
  for (const [name, at] of writtenMs) {
    // An hour and the resync that then sees it, again and again.
    assert.ok(at.length >= hours - 2, `${name}: ${at.length} writes do not tell of the traffic`)
    for (const [index, ms] of at.slice(1).entries()) {
      const sinceMs = ms - (at[index] ?? 0)
      assert.ok(sinceMs >= leastBetweenMs, `${name}: written again after ${sinceMs / minuteMs} minutes`)
    }
    const { lastVerifiedTime = '' } = (await operator.get(name))?.status?.delivery ?? {}
    assert.ok(
      clock.now() - Date.parse(lastVerifiedTime) <= 75 * minuteMs,
      `${name}: status tells of ${lastVerifiedTime}`,
    )
  }
})
