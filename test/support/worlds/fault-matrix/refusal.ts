import assert from 'node:assert/strict'

import { type startControllerFixture, type WriteHook, decode } from '../controller-fixture.ts'
import { eventually } from '../../measures/eventually.ts'
import { createRefusingApi } from '../../doubles/refusing-api.ts'
import type { Combination } from './combinations.ts'
import type { Fault } from './faults.ts'
import { name, secretName, type World } from './operations.ts'

type Running = Awaited<ReturnType<Awaited<ReturnType<typeof startControllerFixture>>['startController']>>

/** An API server that refuses what the combination says, from the moment that it says. */
export function createRefusal({ fault }: Pick<Combination, 'fault'>) {
  const api = createRefusingApi()
  let refused = 0
  let armed = false
  const strike = (from: 'start' | 'call') => {
    if (armed && fault.type === 'refusal' && fault.from === from) api.refuse(fault.written, fault.how)
  }
  const hook: WriteHook = async (moment, call, subject) => {
    const isRevealing = call === 'create webhook at Google' || call === 'rotateSigningSecret webhook at Google'
    if (moment === 'after' && isRevealing) strike('call')
    try {
      await api.hook(moment, call, subject)
    } catch (error) {
      refused += 1
      throw error
    }
  }
  return {
    hook,
    arm() {
      armed = true
      strike('start')
    },
    lift() {
      armed = false
      api.lift()
    },
    times: () => refused,
  }
}

const patience = { timeoutMs: 120_000, intervalMs: 40 }

/**
 * Waits for what the refusal makes of the operation, has the controller restarted, waits again, and then has somebody
 * mend it.
 */
export async function outlastRefusal(
  world: World,
  {
    fault,
    refusal,
    running,
    hook,
    death,
  }: {
    fault: Extract<Fault, { type: 'refusal' }>
    refusal: ReturnType<typeof createRefusal>
    running: Running
    hook: WriteHook
    death: { signal: AbortSignal }
  },
): Promise<Running> {
  await someLooks(world, refusal)
  await assertHeld(world, fault, refusal.times())
  await running.stop()
  const next = await world.startController(hook, death.signal)
  await someLooks(world, refusal)
  await assertHeld(world, fault, refusal.times())
  refusal.lift()
  return next
}

/** Refused once more, or looked at so often that nothing of the kind is to come. */
async function someLooks(world: World, refusal: ReturnType<typeof createRefusal>): Promise<void> {
  const lists = world.calls().counts.list.received
  const before = refusal.times()
  // Who is gone is not looked at any more.
  const isSeen = async () =>
    refusal.times() >= before + 2 ||
    world.calls().counts.list.received >= lists + 3 ||
    (await world.get(name)) === undefined
  await eventually('a refusal, or some looks', isSeen, patience)
}

async function assertHeld(world: World, { written, from }: Extract<Fault, { type: 'refusal' }>, times: number) {
  if (times === 0) return
  const { create, rotateSigningSecret } = world.calls().counts
  const made = create.committed + rotateSigningSecret.committed
  if (from === 'start') return assert.equal(made, 0, 'nothing is asked of Google whose outcome cannot be stored')
  assert.equal(made, 1, 'what was asked of Google once is not asked again')
  const webhook = await world.get(name)
  const conditionOf = (type: string) => webhook?.status?.conditions?.find((each) => each.type === type)?.status
  assert.ok(
    webhook?.status?.operation !== undefined,
    'the intent is open: nothing that does not verify is refused for good',
  )
  if (written !== 'status') assert.equal(conditionOf('SecretAvailable'), 'False')
  const live = world.remotes().flatMap(({ id }) => world.admin.secrets(id))
  const current = live.find(({ expireMs }) => expireMs === undefined)?.secret
  const keyring = (await world.keyringEntry(webhook.metadata.uid))?.secrets[0]?.secret
  const secret = decode((await world.targetSecret(name))?.data?.['signing-secret'])
  if (written !== 'keyring') assert.equal(keyring, current, 'receivers verify with what Google signs with')
  if (written !== 'target Secret') assert.equal(secret, current, `Secret ${secretName} holds what Google signs with`)
}
