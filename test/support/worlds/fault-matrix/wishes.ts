import assert from 'node:assert/strict'

import { abandonAnnotation, reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { secretKind } from '../../../../src/kubernetes/core-kinds.ts'
import type { SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { tenant } from '../controller-fixture.ts'
import { name, openScene, type World } from '../disorder/scene.ts'
import { unrestIn } from '../disorder/unrest.ts'
import { eventually } from '../../measures/eventually.ts'

/** What somebody wants of an object, whatever has become of its webhook meanwhile. */
interface Wish {
  name: string
  spec?: Record<string, unknown>
  annotations?: Record<string, string>
  /** Done besides, after the edit. */
  besides?: (world: World) => unknown
  ends: 'atRest' | 'suspended' | 'gone'
}

/** What may have become of a registered webhook at Google, by a hand that is not ours. */
interface RemoteState {
  name: string
  become: (world: World, id: string) => unknown
  /** It carries no marker any more: nothing proves that it may be deleted. */
  unmarked?: true
  /** No list shows it any more. */
  absent?: true
}

export interface WishCase {
  name: string
  wishes: readonly Wish[]
  state: RemoteState
  switches: SwitchChanges
  /** Whether the wish is there before Google changes, or after. */
  first: 'wish' | 'state'
}

const wishes: readonly Wish[] = [
  { name: 'rotation', spec: { rotation: { request: { id: 'wish-1' } } }, ends: 'atRest' },
  { name: 'edit', spec: { events: ['batch.failed'], displayName: 'another name' }, ends: 'atRest' },
  { name: 'token', spec: { dynamic: { tokenRequest: { id: 'wish-1' } } }, ends: 'atRest' },
  { name: 'look', annotations: { [reconcileRequestedAtAnnotation]: 'wish-1' }, ends: 'atRest' },
  { name: 'another key', besides: (world) => world.putApiKey(world.admin.createApiKey('project-a')), ends: 'atRest' },
  { name: 'suspend', spec: { suspend: true }, ends: 'suspended' },
  { name: 'deletion', besides: (world) => world.remove(name), ends: 'gone' },
]

const states: readonly RemoteState[] = [
  { name: 'enabled', become: () => undefined },
  { name: 'disabled by Google', become: ({ admin }, id) => admin.autoDisable(id) },
  { name: 'disabled by hand', become: ({ admin }, id) => admin.editWebhook(id, { state: 'disabled' }) },
  { name: 'deleted', become: ({ admin }, id) => admin.deleteWebhook(id), absent: true },
  { name: 'rotated', become: ({ admin }, id) => admin.rotateWebhook(id) },
  {
    name: 'rotated, and disabled by Google',
    become({ admin }, id) {
      admin.rotateWebhook(id)
      admin.autoDisable(id)
    },
  },
  { name: 'edited', become: ({ admin }, id) => admin.editWebhook(id, { subscribedEvents: ['video.generated'] }) },
  {
    name: 'sent elsewhere',
    become: ({ admin }, id) => admin.editWebhook(id, { uri: 'https://elsewhere.example.com/' }),
  },
  { name: 'renamed', become: ({ admin }, id) => admin.editWebhook(id, { name: 'by hand' }), unmarked: true },
  {
    name: 'twice there',
    become({ admin, remotes }) {
      const [remote] = remotes()
      assert.ok(remote?.name !== undefined)
      const { name: marked, uri, subscribedEvents, project } = remote
      admin.createWebhook(project, { name: marked, uri, subscribedEvents })
    },
  },
]

const settings: readonly SwitchChanges[] = [{}, { rotateWhileDisabled: 'refused' }, { rotateAutoDisabled: 'reset' }]

/** One wish or two at once, with every state and setting, in both orders; always in the same order. */
export function allWishCases(): WishCase[] {
  const pairs = wishes.flatMap((one, index) => [[one]].concat(wishes.slice(index + 1).map((other) => [one, other])))
  return pairs.flatMap((wished) =>
    states.flatMap((state) =>
      settings.flatMap((switches) =>
        ordersFor(wished).map((first): WishCase => {
          const setting = Object.entries(switches).map(([key, value]) => `${key}=${value}`)
          const name = `${wished.map((wish) => wish.name).join(' and ')} | ${state.name} | ${setting.join() || 'as by default'} | ${first} first`
          return { name, wishes: wished, state, switches, first }
        }),
      ),
    ),
  )
}

/** What Google does after a deletion has ended is none of the object's business. */
function ordersFor(wished: readonly Wish[]): WishCase['first'][] {
  return wished.some(({ ends }) => ends === 'gone') ? ['state'] : ['state', 'wish']
}

const patience = { timeoutMs: 60_000, intervalMs: 20 }

/** Plays one case in a world of its own, and throws where a wish is not fulfilled. */
export async function runWishCase({ wishes: wished, state, switches, first }: WishCase): Promise<void> {
  const cleanUps: (() => unknown)[] = []
  try {
    const scene = await openScene(
      { after: (cleanUp) => void cleanUps.push(cleanUp as () => unknown) },
      Math.random,
      switches,
    )
    const { world } = scene
    await world.putApiKey()
    await world.apply(name, { dynamic: {} })
    await eventually('rest before', async () => (await unrestIn(world)).length === 0, patience)
    const [remote] = world.remotes()
    assert.ok(remote)
    if (first === 'state') state.become(world, remote.id)
    await wish(world, wished)
    if (first === 'wish') state.become(world, remote.id)
    await untilFulfilled(world, wished, state)
  } finally {
    for (const cleanUp of cleanUps.toReversed()) await cleanUp()
  }
}

async function wish(world: World, wished: readonly Wish[]): Promise<void> {
  const spec = Object.assign({}, ...wished.map((each) => each.spec)) as object
  const annotations = Object.assign({}, ...wished.map((each) => each.annotations)) as object
  await world.patch(name, { metadata: { annotations }, spec })
  for (const { besides } of wished) await besides?.(world)
}

async function untilFulfilled(world: World, wished: readonly Wish[], state: RemoteState): Promise<void> {
  if (wished.some(({ ends }) => ends === 'gone')) return untilGone(world, wished, state)
  if (wished.some(({ ends }) => ends === 'suspended')) {
    await world.untilCondition(name, 'Ready', { status: 'False', reason: 'Suspended' })
    // Nothing was done meanwhile; what else is wished for is done once it goes on.
    await world.patch(name, { spec: { suspend: null } })
  }
  let unrest: string[] = []
  const isAtRest = async () => {
    unrest = await unrestIn(world)
    return unrest.length === 0
  }
  await eventually('the wishes are fulfilled', isAtRest, patience).catch(async (cause: unknown) => {
    throw new Error(`${unrest.join('; ')}\n${JSON.stringify((await world.get(name))?.status, undefined, 1)}`, { cause })
  })
}

/**
 * A key that has never shown the webhook does not prove that it is gone. Where the last pass with the former key did
 * not see it go either, the deletion waits for a person.
 */
async function abandonWhereBlocked(world: World): Promise<void> {
  const blocked = await eventually(
    'gone, or blocked',
    async () => {
      const webhook = await world.get(name)
      if (webhook === undefined) return 'gone'
      return world.conditionOf(webhook, 'Ready')?.reason === 'DeletionBlocked' ? 'blocked' : undefined
    },
    patience,
  )
  if (blocked === 'blocked') await world.patch(name, { metadata: { annotations: { [abandonAnnotation]: 'true' } } })
}

async function untilGone(world: World, wished: readonly Wish[], { unmarked, absent }: RemoteState): Promise<void> {
  if (absent === true && wished.some((each) => each.name === 'another key')) await abandonWhereBlocked(world)
  await world.untilGone(name)
  const left = world.remotes().map((remote) => remote.name)
  assert.deepEqual(left, unmarked === true ? ['by hand'] : [], 'what is left at Google')
  const secret = await world.client.get(secretKind, { namespace: tenant, name: `${name}-signing-secret` })
  assert.equal(secret, undefined, 'the Secret is gone')
}
