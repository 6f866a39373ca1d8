import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Agent } from 'undici'

import { postUnwatched } from '../support/measures/post-unwatched.ts'
import { signedDelivery } from '../support/builders/signed-delivery.ts'
import {
  controllerAgent,
  startSimulatedOperator,
  tenant,
  type SimulatedOperator,
} from '../support/worlds/simulated-operator.ts'
import { SinkDouble } from '../support/doubles/sink-double.ts'

const quietly = { grainMs: 5_000 }
const name = 'two-sinks'

/** Answers the status of a genuine delivery. */
async function deliver({ admin, clock, get }: SimulatedOperator, url: string, dispatcher: Agent): Promise<number> {
  const id = (await get(name))?.status?.webhook?.id ?? ''
  const secret = admin.secrets(id)[0]?.secret ?? ''
  const delivery = signedDelivery({ secret, atMs: clock.now(), dataId: `batches/${clock.now()}` })
  // The clock stands still meanwhile: a disk that stalls must not become a delivery that took too long to store.
  return postUnwatched(`${url}/v1/s/${tenant}/${name}`, delivery, dispatcher)
}

test('a sink that takes nothing for half an hour is told within a minute, at most once a minute after that, over a restart, and until it is mended', async (t) => {
  const operator = await startSimulatedOperator(t)
  const { clock, kubernetes, traffic, condition } = operator
  const agent = new Agent()
  t.after(() => agent.close())
  let isBroken = true
  const sink = new SinkDouble(({ sink: { name: to } }) =>
    to === 'broken' && isBroken
      ? { type: 'retryable', cause: 'status', status: 503 }
      : { type: 'delivered', status: 202 },
  )
  await operator.giveApiKey('project')
  await operator.startController()
  let receiver = await operator.startReceiver([], 'receiver-0', sink)
  await operator.apply(name, {
    sinks: ['broken', 'fine'].map((to) => ({ name: to, uri: `https://${to}.example.com/`, delivery: { retry: 60 } })),
  })
  await operator.untilAll([name], 'Ready', 'True')
  await operator.untilAll([name], 'SinksHealthy', 'True')
  const statusWrites = () =>
    traffic
      .writes(kubernetes.url, controllerAgent)
      .filter(({ path }) => path.endsWith(`/geminiwebhooks/${name}/status`))
  const brokenSink = async () => (await operator.get(name))?.status?.sinks?.find((one) => one.name === 'broken')

  const beganMs = clock.now()
  assert.equal(await deliver(operator, receiver.url, agent), 204)
  await operator.untilAll([name], 'SinksHealthy', 'False', 60)
  assert.equal((await condition(name, 'Ready'))?.status, 'True')
  for (let minute = 0; minute < 30; minute++) {
    traffic.forgetWrites()
    assert.equal(await deliver(operator, receiver.url, agent), 204)
    await clock.advance({ minutes: 1 }, quietly)
    // A pass on either side of the minute.
    assert.ok(statusWrites().length <= 2, `${statusWrites().length} writes in minute ${minute}`)
    if (minute !== 15) continue
    await receiver.stop()
    receiver = await operator.startReceiver([], 'receiver-0', sink)
    await operator.until('it serves again', async () => (await deliver(operator, receiver.url, agent)) === 204)
  }
  const failing = await brokenSink()
  assert.ok(Math.abs(Date.parse(failing?.failingSince ?? '') - beganMs) < 5_000, failing?.failingSince)
  assert.equal(failing?.lastFailure, 'it answers with an error (503)')
  assert.ok((failing.pending ?? 0) > 25, String(failing.pending))
  const status = await operator.get(name)
  assert.ok((status?.status?.delivery?.pending ?? 0) >= (failing.pending ?? 0))
  assert.equal(status?.status?.sinks?.find((one) => one.name === 'fine')?.failingSince, undefined)

  isBroken = false
  await operator.untilAll([name], 'SinksHealthy', 'True', 3_600)
  await operator.until('everything was taken', async () => (await brokenSink())?.pending === undefined, 7_200)
  assert.equal((await brokenSink())?.failingSince, undefined)
  await operator.until('and told', async () => (await operator.get(name))?.status?.delivery?.pending === 0, 7_200)
  traffic.forgetWrites()
  await clock.advance({ minutes: 50 }, quietly)
  assert.deepEqual(statusWrites(), [], 'at rest nothing is written')
})
