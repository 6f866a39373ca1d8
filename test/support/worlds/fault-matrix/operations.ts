import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import { secretKind, type Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { keyringSecretNameFor } from '../../../../src/contract/keyring/shard.ts'
import { type startControllerFixture, home, tenant } from '../controller-fixture.ts'

export type World = Awaited<ReturnType<typeof startControllerFixture>>
/** Calls of the WebhookService that the controller makes. */
export type Verb = 'list' | 'get' | 'create' | 'update' | 'delete' | 'ping' | 'rotateSigningSecret'
export type Mutation = Exclude<Verb, 'list' | 'get'>

export const name = 'batch-events'
export const secretName = `${name}-signing-secret`

/** What was there before the operation began. */
export interface Before {
  id: string
  uid: string
  secret: string
}

/** One thing that people ask the controller for, or that happens to it. */
export interface Operation {
  name: string
  /** What is there before: nothing, a webhook made by hand at Google, or a registered object at rest. */
  start: 'nothing' | 'foreign' | 'ready'
  spec?: Partial<GeminiWebhookSpec>
  /** Done while no controller runs; another one is started afterwards. */
  offline?: (world: World, before: Before) => Promise<unknown>
  /** What sets the operation off. */
  cause?: (world: World, before: Before) => unknown
  /** What the operation is for, seen in the object's status or at Google; undefined when it is there. */
  missing: (world: World, webhook: GeminiWebhook, before: Before) => string | undefined
  /** The current secret afterwards: the one from before, or another one. */
  secret: 'kept' | 'new'
  /** May the one before still be live afterwards? Then receivers must still hold it. */
  previous: 'live' | 'revoked' | 'none'
  /**
   * Every write that it takes, to Kubernetes and to Google, in order; each is a step that a process can die before or
   * after.
   */
  writes: readonly string[]
  /** The calls that it makes, each of which can fail. */
  verbs: readonly Verb[]
  /** Mutating calls, exactly, when nothing goes wrong. */
  costs: Partial<Record<Mutation, number>>
  /** Mutating calls that take effect, at most, with one fault on the way. */
  costsAtMost: Partial<Record<Mutation, number>>
}

const status = 'replaceStatus GeminiWebhook'
const finalizer = 'patch GeminiWebhook'
const checked = [status, 'ping webhook at Google', status]
/** After the intent: the call, the keyring, the Secret. */
const revealed = (keyring: 'patch Secret' | 'create Secret') => [
  status,
  'rotateSigningSecret webhook at Google',
  keyring,
  'replace Secret',
  status,
]

const isHandled = ({ status: now }: GeminiWebhook, id: string) =>
  now?.rotation?.handledRequestIDs?.includes(id) === true ? undefined : `rotation request ${id} is not handled`

const request = (world: World, id: string, revokePrevious: 'AfterGracePeriod' | 'Immediately') =>
  world.patch(name, { spec: { rotation: { request: { id, revokePrevious } } } })

const secretKey = { namespace: tenant, name: secretName }

async function loseKeyring({ client }: World, { uid }: Before): Promise<void> {
  await client.delete(secretKind, { namespace: home, name: keyringSecretNameFor(uid) })
}

async function overwriteSecret({ client }: World): Promise<void> {
  const secret = await client.get<Secret>(secretKind, secretKey)
  if (secret === undefined) throw new Error('there is no Secret to overwrite')
  const stranger = Buffer.from('whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA').toString('base64')
  await client.replace<Secret>(secretKind, { ...secret, data: { ...secret.data, 'signing-secret': stranger } })
}

const registration = {
  secret: 'new',
  previous: 'none',
  writes: [
    finalizer,
    'create Secret',
    status,
    'create webhook at Google',
    'create Secret',
    'replace Secret',
    ...checked,
  ],
} as const

const rotation = {
  start: 'ready',
  secret: 'new',
  verbs: ['list', 'get', 'rotateSigningSecret', 'ping'],
  costs: { rotateSigningSecret: 1, ping: 1 },
  costsAtMost: { rotateSigningSecret: 2 },
} as const

const repair = { start: 'ready', missing: () => undefined, previous: 'none' } as const

export const operations: readonly Operation[] = [
  {
    ...registration,
    name: 'create',
    start: 'nothing',
    spec: { displayName: 'of the night' },
    missing: () => undefined,
    verbs: ['list', 'create', 'ping'],
    costs: { create: 1, ping: 1 },
    costsAtMost: { create: 1, rotateSigningSecret: 1 },
  },
  {
    ...rotation,
    name: 'rotate',
    cause: (world) => request(world, 'r-1', 'AfterGracePeriod'),
    missing: (_, webhook) => isHandled(webhook, 'r-1'),
    previous: 'live',
    writes: [status, ...revealed('patch Secret'), ...checked.slice(1)],
  },
  {
    ...rotation,
    name: 'immediate rotate',
    cause: (world) => request(world, 'r-1', 'Immediately'),
    missing: (_, webhook) => isHandled(webhook, 'r-1'),
    previous: 'revoked',
    writes: [status, ...revealed('patch Secret'), ...checked.slice(1)],
  },
  {
    ...rotation,
    name: 'rotate while disabled',
    spec: { state: 'Disabled' },
    cause: (world) => request(world, 'r-1', 'AfterGracePeriod'),
    missing: (_, webhook) => isHandled(webhook, 'r-1'),
    previous: 'live',
    writes: [status, ...revealed('patch Secret'), status],
    verbs: ['list', 'get', 'rotateSigningSecret'],
    costs: { rotateSigningSecret: 1 },
  },
  {
    name: 'update',
    start: 'ready',
    spec: { displayName: 'of the day' },
    cause: (world) => world.patch(name, { spec: { events: ['batch.failed'], displayName: 'of the night' } }),
    missing: (world) => (world.remotes()[0]?.subscribedEvents.join() === 'batch.failed' ? undefined : 'not updated'),
    secret: 'kept',
    previous: 'none',
    writes: ['update webhook at Google', status, status],
    verbs: ['list', 'get', 'update'],
    costs: { update: 1 },
    costsAtMost: { update: 1 },
  },
  {
    name: 'delete',
    start: 'ready',
    cause: (world) => world.remove(name),
    missing: () => 'the object is still there',
    secret: 'kept',
    previous: 'none',
    writes: ['delete webhook at Google', 'patch Secret', 'delete Secret', finalizer],
    verbs: ['list', 'get', 'delete'],
    costs: { delete: 1 },
    costsAtMost: { delete: 1 },
  },
  {
    name: 'adopt',
    start: 'foreign',
    missing: () => undefined,
    secret: 'new',
    previous: 'none',
    writes: [
      finalizer,
      status,
      'create Secret',
      status,
      ...revealed('create Secret'),
      'update webhook at Google',
      status,
      ...checked,
    ],
    verbs: ['list', 'get', 'rotateSigningSecret', 'update', 'ping'],
    costs: { rotateSigningSecret: 1, update: 1, ping: 1 },
    costsAtMost: { rotateSigningSecret: 2, update: 1 },
  },
  {
    ...repair,
    name: 'repair of a deleted Secret',
    cause: ({ client }) => client.delete(secretKind, secretKey),
    secret: 'kept',
    writes: ['create Secret'],
    verbs: ['list'],
    costs: {},
    costsAtMost: {},
  },
  {
    ...repair,
    name: 'repair of an edited Secret',
    cause: overwriteSecret,
    secret: 'kept',
    writes: ['replace Secret', status, status],
    verbs: ['list'],
    costs: {},
    costsAtMost: {},
  },
  {
    ...repair,
    name: 'repair of a lost keyring',
    offline: loseKeyring,
    secret: 'kept',
    writes: ['create Secret'],
    verbs: ['list'],
    costs: {},
    costsAtMost: {},
  },
  {
    ...repair,
    name: 'repair after a rotation by another hand',
    cause: ({ admin }, { id }) => admin.rotateWebhook(id),
    secret: 'new',
    previous: 'live',
    writes: [status, ...revealed('patch Secret'), ...checked.slice(1)],
    verbs: ['list', 'get', 'rotateSigningSecret', 'ping'],
    costs: { rotateSigningSecret: 1, ping: 1 },
    costsAtMost: { rotateSigningSecret: 2 },
  },
  {
    ...repair,
    name: 'repair of a lost secret',
    offline: async (world, before) => {
      await loseKeyring(world, before)
      await world.client.delete(secretKind, secretKey)
    },
    secret: 'new',
    writes: ['create Secret', status, ...revealed('create Secret'), ...checked.slice(1)],
    verbs: ['list', 'get', 'rotateSigningSecret', 'ping'],
    costs: { rotateSigningSecret: 1, ping: 1 },
    costsAtMost: { rotateSigningSecret: 2 },
  },
  {
    name: 'enable again',
    start: 'ready',
    cause: ({ admin }, { id }) => admin.autoDisable(id),
    missing: (_, { status: now }) => (now?.webhook?.reenableTimes === undefined ? 'not counted' : undefined),
    secret: 'kept',
    previous: 'none',
    writes: [status, 'update webhook at Google', ...checked],
    verbs: ['list', 'get', 'update', 'ping'],
    costs: { update: 1, ping: 1 },
    costsAtMost: { update: 1 },
  },
]
