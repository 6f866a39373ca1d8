import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'

import { reconcileRequestedAtAnnotation } from '../../src/api/names.ts'
import { leaseKind, type Lease } from '../../src/kubernetes/lease-record.ts'
import type { LoggedCall } from '../../playground/webhook-service/call-log.ts'
import {
  operatorNamespace,
  startSimulatedOperator,
  type SimulatedOperator,
} from '../support/worlds/simulated-operator.ts'

/** For stretches in which nobody looks at the very moment of a call. */
const quietly = { grainMs: 5_000 }
/** The settings that ship: 300 calls a minute, ten of them at once after a quiet time. */
const callsPerSecond = 5
const burst = 10

/** No stretch of time, however short or long, holds more calls of one key than the budget allows in it. */
function assertWithinBudget(calls: readonly LoggedCall[], key: string): void {
  const times = calls.filter(({ project }) => project === key).map(({ atMs }) => atMs)
  for (const [first, fromMs] of times.entries()) {
    for (const [more, toMs] of times.slice(first).entries()) {
      const allowed = burst + ((toMs - fromMs) / 1000) * callsPerSecond
      assert.ok(more + 1 <= allowed + 1, `${key}: ${more + 1} calls within ${toMs - fromMs} ms`)
    }
  }
}

const keyOfProject = (project: string) => `${project}-key`

const callsOf = ({ admin }: SimulatedOperator, project: string) =>
  admin.calls().calls.filter((call) => call.project === project)

const numbered = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

const withKey = (name: string) => ({ apiKeySecretRef: { name } })

const keyOfHealthy = (name: string) =>
  name.startsWith('well-broken') ? 'broken-key' : name.startsWith('well-other') ? 'other-key' : 'gemini-api-key'

test('50 objects that fail for ever leave the healthy ones alone, stay within the budget, and say what to do', async (t) => {
  const operator = await startSimulatedOperator(t, { switches: { uriPrivateAddress: 'refused' } })
  const { admin, clock } = operator
  await operator.giveApiKey('shared')
  await operator.giveApiKey('broken', 'broken-key')
  await operator.giveApiKey('other', 'other-key')
  const sinceWhenStalled = async (name: string) => {
    const stalled = await operator.condition(name, 'Stalled')
    assert.equal(stalled?.status, 'True', name)
    return [name, stalled.lastTransitionTime]
  }
  const healthy = [...numbered('well', 10), ...numbered('well-broken', 5), ...numbered('well-other', 5)]
  const controller = await operator.startController()
  await operator.startReceiver()
  for (const name of healthy) await operator.apply(name, withKey(keyOfHealthy(name)))
  await operator.untilAll(healthy, 'Ready', 'True')

  // Listing goes on working there: whoever is registered stays well.
  admin.addFault({ verb: 'create', project: 'broken', times: 0, effect: { type: 'status', status: 500 } })
  const refusedKeys = numbered('refused-key', 17)
  const rejected = numbered('rejected', 17)
  const serverErrors = numbered('server-error', 16)
  for (const [index, name] of refusedKeys.entries()) {
    // Some share a key, as objects do.
    const secret = `bad-key-${index % 4}`
    if (index < 4) await operator.putSecret(secret, { 'api-key': `AIza-of-nobody-${index}` })
    await operator.apply(name, withKey(secret))
  }
  for (const name of rejected) await operator.apply(name, { endpoint: { url: `https://10.0.0.1/${name}` } })
  for (const name of serverErrors) await operator.apply(name, withKey('broken-key'))
  admin.resetCalls()
  const before = await reconciles(controller)
  await clock.advance({ minutes: 5 })
  const stalledSince = await Promise.all([...rejected, ...refusedKeys].map(sinceWhenStalled))
  await clock.advance({ minutes: 25 })
  for (const name of ['well-0', 'well-broken-0', 'well-other-0']) {
    await operator.patch(name, { spec: { displayName: 'edited' } })
  }
  const isEdited = async (name: string) =>
    (await operator.get(name))?.status?.webhook?.name?.endsWith('edited') === true
  for (const name of ['well-0', 'well-broken-0', 'well-other-0']) {
    await operator.until(`${name} is edited`, () => isEdited(name), 10)
  }
  await clock.advance({ minutes: 30 })
  const stillSince = await Promise.all([...rejected, ...refusedKeys].map(sinceWhenStalled))
  assert.deepEqual(stillSince, stalledSince, 'what is tried again in vain stays Stalled since it became so')

  for (const project of ['shared', 'broken', 'other']) assertWithinBudget(admin.calls().calls, project)
  const refused =
    callsOf(operator, '').length + admin.calls().calls.filter(({ project }) => project === undefined).length
  const [shared, broken, other] = ['shared', 'broken', 'other'].map((project) => callsOf(operator, project).length)
  const creates = callsOf(operator, 'broken').filter(({ verb }) => verb === 'create').length
  const reconciled = (await reconciles(controller)) - before
  t.diagnostic(
    `calls in an hour: refused keys ${refused}, shared ${shared}, broken ${broken} (${creates} creates), other ${other}; ${reconciled} reconciles`,
  )
  // Four keys, once every quarter of an hour and a bit, whatever the number of objects.
  assert.ok(refused <= 4 * 6, `${refused} calls with refused keys`)
  await operator.untilAll(healthy, 'Ready', 'True', 0)
  const remedies = { 'refused-key-0': /key/i, 'rejected-0': /correct the request/, 'server-error-0': /answered 500/ }
  for (const [name, remedy] of Object.entries(remedies)) {
    const conditions = (await operator.get(name))?.status?.conditions ?? []
    assert.equal(conditions.find(({ type }) => type === 'Ready')?.status, 'False', name)
    const messages = conditions.map(({ type, message }) => `${type}: ${message}`)
    assert.match(messages.join('\n'), remedy, name)
  }
  // An answer 500 may hide a success, so each create is followed by the settle time of 40 s and a look, and from the
  // second on by a pause of half of 40, 80, 160 ... 900 s in the mean: 12 an hour. With full jitter one object may have
  // a few more; sixteen together may not. About six passes each.
  const attempts = 15
  assert.ok(creates <= serverErrors.length * attempts, `${creates} creates that end in 500`)
  assert.ok((broken ?? 0) <= serverErrors.length * attempts * 3, 'a list before each create and one after it')
  const others = healthy.length + refusedKeys.length + rejected.length
  assert.ok(reconciled <= serverErrors.length * attempts * 6 + others * 60, 'the queue does not spin')

  // Google has recovered: who asks is not kept waiting, and the others come by themselves within the longest pause.
  admin.clearFaults()
  const [asked = '', changed = '', ...patient] = serverErrors
  await operator.patch(asked, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: 'now' } } })
  await operator.patch(changed, { spec: { displayName: 'changed' } })
  // At worst their last create has just failed, and is settled first.
  await operator.untilAll([asked, changed], 'Registered', 'True', 60)
  await operator.untilAll(patient, 'Registered', 'True', 40 + 900)
})

async function reconciles({ scrape }: { scrape: () => Promise<string> }): Promise<number> {
  const lines = (await scrape()).split('\n').filter((line) => line.startsWith('gwh_reconcile_total{'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

const keys = numbered('project', 5)

/** As many registered objects, each key with its share. */
async function startPopulation(t: TestContext, count: number, flags?: readonly string[]) {
  const operator = await startSimulatedOperator(t)
  for (const key of keys) await operator.giveApiKey(key, keyOfProject(key))
  const names = numbered('object', count)
  for (const [index, name] of names.entries()) {
    const endpoint = { url: `https://mine.example.com/${name}` }
    await operator.apply(name, { endpoint, apiKeySecretRef: { name: keyOfProject(keys[index % keys.length] ?? '') } })
  }
  const first = await operator.startController(flags)
  await operator.untilAll(names, 'Ready', 'True')
  return { operator, names, first }
}

/** Forgets what was, and returns what asserts that since then each key was listed once and nothing was changed. */
async function noteRest({ admin, versions }: SimulatedOperator) {
  const before = await versions()
  admin.resetCalls()
  return async () => {
    const { list, ...others } = admin.calls().counts
    assert.equal(list.received, keys.length, 'one page for each key')
    assert.deepEqual(
      Object.values(others).filter(({ received }) => received > 0),
      [],
    )
    for (const key of keys) assertWithinBudget(admin.calls().calls, key)
    const changed = [...(await versions())].filter(
      ([object, { resourceVersion }]) => before.get(object)?.resourceVersion !== resourceVersion,
    )
    assert.deepEqual(changed, [], 'nothing is written')
  }
}

test('a controller that starts over 500 registered objects calls for a list for each key, and a key that is refused or told to wait pauses alone', async (t) => {
  const { operator, names, first } = await startPopulation(t, 500)
  const { admin, clock } = operator
  for (const key of keys) assertWithinBudget(admin.calls().calls, key)
  await clock.advance({ minutes: 1 })
  await first.stop()

  const assertOnlyLooked = await noteRest(operator)
  const second = await operator.startController()
  await clock.advance({ minutes: 5 }, quietly)
  await assertOnlyLooked()
  await second.stop()

  const [limited = '', revoked = '', ...well] = keys
  const limit = { type: 'status', status: 429, retryAfter: '300' } as const
  admin.addFault({ project: limited, times: 1, effect: limit })
  const refusal = { type: 'status', status: 400, reason: 'API_KEY_INVALID', message: 'API key not valid.' } as const
  admin.addFault({ project: revoked, times: 0, effect: refusal })
  admin.resetCalls()
  const startedMs = clock.now()
  await operator.startController()
  await clock.advance({ minutes: 4 }, quietly)
  for (const key of keys) assert.equal(callsOf(operator, key).length, 1, key)
  await clock.advance({ minutes: 26 }, quietly)
  const counts = keys.map((key) => callsOf(operator, key).length)
  t.diagnostic(`calls in half an hour: 429 once ${counts[0]}, refused ${counts[1]}, well ${counts.slice(2).join(', ')}`)
  const [again] = callsOf(operator, limited).slice(1)
  assert.ok((again?.atMs ?? 0) - startedMs >= 300_000, 'Retry-After is kept')
  assert.ok((counts[1] ?? 0) <= 3, 'a refused key is tried every quarter of an hour')
  for (const key of well) assert.ok(callsOf(operator, key).length >= 2, `${key} goes on`)
  for (const key of keys) assertWithinBudget(admin.calls().calls, key)
  const untouched = names.filter((_, index) => index % keys.length !== 1)
  await operator.untilAll(untouched, 'Ready', 'True', 0)
})

const leads = async ({ scrape }: { scrape: () => Promise<string> }) => /^gwh_leader 1$/m.test(await scrape())
/** Below the 5 s that a write of the Lease may take. */
const electing = { grainMs: 1_000 }

test('a standby that takes over 500 registered objects lists each key once and changes nothing, whether the Lease was given back or lost', async (t) => {
  const { operator, names, first } = await startPopulation(t, 500, [])
  const { clock } = operator
  const second = await operator.startController([], 'controller-2')
  const third = await operator.startController([], 'controller-3')
  await clock.advance({ minutes: 1 }, electing)
  assert.deepEqual([await leads(first), await leads(second), await leads(third)], [true, false, false])

  let assertOnlyLooked = await noteRest(operator)
  await first.stop()
  let standby = [second, third]
  const leaderAmong = async () => (await Promise.all(standby.map(leads))).indexOf(true)
  await operator.until('the Lease is taken', async () => (await leaderAmong()) >= 0, 5)
  await clock.advance({ minutes: 5 }, electing)
  await assertOnlyLooked()

  const [leader] = standby.splice(await leaderAmong(), 1)
  assert.ok(leader !== undefined)
  assertOnlyLooked = await noteRest(operator)
  const key = { namespace: operatorNamespace, name: 'gwh-controller' }
  const renewTime = new Date(clock.now()).toISOString().replace('Z', '000Z')
  const stolen = { spec: { holderIdentity: 'somebody else', leaseDurationSeconds: 30, renewTime } }
  await operator.client.patch<Lease>(leaseKind, key, stolen, { type: 'merge' })
  await operator.until('the old leader gives up', async () => !(await leads(leader)), 5)
  assert.equal(await leaderAmong(), -1, 'nobody else believes to lead yet')
  standby = standby.filter((one) => one !== leader)
  await operator.until('the Lease has run out and is taken', async () => (await leaderAmong()) >= 0, 40)
  await clock.advance({ minutes: 5 }, electing)
  await assertOnlyLooked()
  await operator.untilAll(names, 'Ready', 'True', 0)
})
