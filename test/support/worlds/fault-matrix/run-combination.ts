import assert from 'node:assert/strict'

import type { WorkingConfig } from '../../../../src/controller/config.ts'
import { shippedConfig } from '../../builders/shipped-config.ts'
import { decode, startControllerFixture, verifies, type WriteHook } from '../controller-fixture.ts'
import { eventually } from '../../measures/eventually.ts'
import { rawApi } from '../simulator.ts'
import { assertCalls } from './call-bounds.ts'
import type { Combination } from './combinations.ts'
import { expectationFor } from './expectation.ts'
import { createRefusal, outlastRefusal } from './refusal.ts'
import { name, type Before, type Operation, type World } from './operations.ts'
import { problemsAtRest } from './problems-at-rest.ts'

/**
 * Short, in the proportions of production: two looks are further apart than reads lag, a call settles for longer than
 * it takes.
 */
export const shortTimes = {
  callTimeoutMs: 1000,
  settleExtraMs: 1000,
  confirmIntervalMs: 600,
  receiverSeenWaitMs: 30,
  resyncIntervalMs: 1000,
  pingRepeatMs: 1000,
  // A ping that fails, and one that is late, are left to be followed by one that comes.
  pingAttempts: shippedConfig.pingAttempts + 1,
} as const satisfies Partial<WorkingConfig>

type Times = Record<keyof typeof shortTimes, number>

/** So long that no machine is too slow for them: nothing times out and no ping is repeated. */
export const calmTimes: Times = { ...shortTimes, callTimeoutMs: 20_000, settleExtraMs: 20_000, pingRepeatMs: 20_000 }

/**
 * For a machine that is busy with other things: a run takes some six seconds of waiting, and a third of one of work.
 */
const patience = { timeoutMs: 120_000, intervalMs: 40 }

/** How a run went, when it ended as it must. */
export interface Outcome {
  /** The fault met what it was to meet. */
  struck: boolean
  /** Writes between the cause and rest, in order. */
  writes: string[]
}

/** Plays one combination in a world of its own, and throws when it does not end as it must. */
export async function runCombination(combination: Combination, config: Times = shortTimes): Promise<Outcome> {
  const cleanUps: (() => unknown)[] = []
  try {
    const after = (cleanUp: () => unknown) => void cleanUps.push(cleanUp)
    return await play(combination, config, { after })
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}

async function play(
  combination: Combination,
  config: Times,
  t: Parameters<typeof startControllerFixture>[0],
): Promise<Outcome> {
  const { operation, fault, setting } = combination
  const atStart = setting.from === 'start' ? setting.changes : {}
  const world = await startControllerFixture(t, { config, switches: atStart })
  await world.putApiKey()
  const death = createDeath(combination)
  const refusal = createRefusal(combination)
  const hook: WriteHook = async (moment, call, subject) => {
    await death.hook(moment, call)
    await refusal.hook(moment, call, subject)
  }
  let running = await world.startController(hook, death.signal)
  const before = await prepare(world, operation)
  if (operation.offline !== undefined) await running.stop()
  if (setting.from === 'operation') world.admin.setSwitches(setting.changes)
  world.admin.resetCalls()
  if (fault.type === 'call') world.admin.addFault({ ...fault.fault, ...shapeOf(combination) })
  const startMs = performance.now()
  death.arm()
  refusal.arm()
  if (operation.offline !== undefined) {
    await operation.offline(world, before)
    running = await world.startController(hook, death.signal)
  }
  await cause(world, operation, before)

  if (fault.type === 'refusal') running = await outlastRefusal(world, { fault, refusal, running, hook, death })
  await comeToRest(world, combination, before, death.isDead)
  if (death.isDead()) {
    await running.stop()
    await world.startController()
    await comeToRest(world, combination, before)
  }
  assertCalls(world, combination, performance.now() - startMs)
  await assertVerifies(world, combination)
  return { struck: hasStruck(), writes: death.writes }

  function hasStruck(): boolean {
    switch (fault.type) {
      case 'none':
        return true
      case 'kill':
        return death.isDead()
      case 'refusal':
        return refusal.times() > 0
      case 'call':
        return world.calls().calls.some(({ faults }) => faults.length > 0)
    }
  }
}

/** The errors of the service have one form; so do those that are injected. */
function shapeOf({ fault, setting }: Combination) {
  if (fault.type !== 'call' || fault.fault.effect.type !== 'status' || fault.fault.effect.shape !== undefined) return {}
  return { effect: { ...fault.fault.effect, shape: setting.changes.errorShape ?? 'rpc' } as const }
}

/** Dead, a process gets nothing out any more. Its writes are recorded from the moment it is armed. */
function createDeath({ fault }: Combination) {
  const dead = new AbortController()
  const writes: string[] = []
  let armed = false
  const hook: WriteHook = (moment, call) => {
    if (dead.signal.aborted && moment !== 'after') throw new Error('dead')
    if (!armed || dead.signal.aborted) return
    if (moment === 'before') writes.push(call)
    const isIt = fault.type === 'kill' && fault.moment === moment && fault.write === call
    if (!isIt || writes.filter((write) => write === call).length !== fault.nth) return
    dead.abort()
    throw new Error('killed')
  }
  return { hook, signal: dead.signal, writes, arm: () => void (armed = true), isDead: () => dead.signal.aborted }
}

async function prepare(world: World, { start, spec }: Operation): Promise<Before> {
  if (start === 'nothing') return { id: '', uid: '', secret: '' }
  if (start === 'foreign') {
    const made = { name: 'made by hand', uri: 'https://old.example.com/', subscribedEvents: ['batch.failed'] }
    const { id, secrets } = world.admin.createWebhook('project-a', made)
    return { id, uid: '', secret: secrets[0]?.secret ?? '' }
  }
  await world.apply(name, spec)
  const state = spec?.state === 'Disabled' ? 'disabled' : 'enabled'
  const isRegistered = async () => {
    const found = await world.get(name)
    const { check, operation, conditions = [] } = found?.status ?? {}
    const isReady = conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
    const isDone =
      check === undefined && operation === undefined && !conditions.some(({ type }) => type === 'Reconciling')
    const id = found?.status?.webhook?.id
    return isReady && isDone && (await readState(id ?? '')) === state && found
  }
  // As a read shows it: one that still lags behind the preparation is no setting of the operation.
  const api = rawApi(world.url, world.apiKey)
  const readState = async (id: string) => ((await api('GET', `/v1/webhooks/${id}`)).body as { state?: string }).state
  const webhook = await eventually('registered and at rest', isRegistered, patience)
  const secret = decode((await world.targetSecret(name))?.data?.['signing-secret'])
  return { id: webhook.status?.webhook?.id ?? '', uid: webhook.metadata.uid, secret }
}

async function cause(world: World, { start, spec, cause: own }: Operation, before: Before): Promise<void> {
  if (start === 'ready') return void (await own?.(world, before))
  await world.apply(name, { ...spec, ...(start === 'foreign' && { externalID: before.id }) })
}

/**
 * Waits until all is as it must be, and still is two lists later, the second of which shows whatever the first could
 * have set off. Ends early when `isOver`; fails with what is wrong.
 */
async function comeToRest(
  world: World,
  combination: Combination,
  before: Before,
  isOver = (): boolean => false,
): Promise<void> {
  let problems: string[] = []
  const isAtRest = async () => {
    if (isOver()) return true
    problems = await problemsAtRest(world, combination, before)
    return problems.length === 0
  }
  try {
    await eventually('rest', isAtRest, patience)
    const lists = world.calls().counts.list.received
    const isSeen = () => combination.operation.name === 'delete' || world.calls().counts.list.received >= lists + 2
    await eventually('two more lists', () => isOver() || isSeen(), patience)
    await eventually('rest again', isAtRest, patience)
  } catch (cause) {
    throw new Error(`${problems.join('; ')}${await describe(world)}`, { cause })
  }
}

/** What the service signs now verifies with what the Secret holds, by the library that users have. */
async function assertVerifies(world: World, combination: Combination): Promise<void> {
  const [remote] = world.remotes()
  if (remote?.state !== 'enabled' || expectationFor(combination).webhook === 'none') return
  const { received } = world.endpoint
  const seen = received.length
  const [type = ''] = remote.subscribedEvents
  world.admin.emit({ project: remote.project, type, data: { id: 'batches/1' } })
  const isEvent = ({ body }: (typeof received)[number]) => body.toString().includes('batches/1')
  const delivery = await eventually('the delivery arrives', () => received.slice(seen).find(isEvent), patience)
  const held = decode((await world.targetSecret(name))?.data?.['signing-secret'])
  assert.ok(verifies(held, delivery.headers, delivery.body), 'a delivery verifies with what the Secret holds')
}

/** For the one who has to find out why. */
async function describe(world: World): Promise<string> {
  const calls = world.calls().calls.map(({ verb, status, committed, faults }) => {
    const how = [status ?? 'no answer', ...(committed ? ['committed'] : []), ...faults].join(' ')
    return `${verb}: ${how}`
  })
  const { status } = (await world.get(name)) ?? {}
  return `\ncalls: ${calls.join('; ')}\nstatus: ${JSON.stringify(status, undefined, 1)}`
}
