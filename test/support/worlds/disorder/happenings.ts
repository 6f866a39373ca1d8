import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { keyringSecretNameFor } from '../../../../src/contract/keyring/shard.ts'
import { home, tenant } from '../controller-fixture.ts'
import { name, type Scene } from './scene.ts'

/** One thing that befalls an object, its Secret, its webhook, or one of those that it depends on. */
export interface Happening {
  name: string
  /**
   * Somebody or something else than the controller changes what Google has: until that is seen, status cannot know of
   * it.
   */
  atGoogle?: true
  befall: (scene: Scene) => unknown
}

const secretKey = { namespace: tenant, name: `${name}-signing-secret` }
const eventTypes = ['batch.succeeded', 'batch.failed', 'batch.expired', 'video.generated']

const annotate = ({ world }: Scene, value: string) =>
  world.patch(name, { metadata: { annotations: { [reconcileRequestedAtAnnotation]: value } } })

export const look = (scene: Scene) => annotate(scene, `look-${scene.next()}`)

async function editSecret({ world, pick }: Scene): Promise<void> {
  const secret = await world.client.get<Secret>(secretKind, secretKey)
  if (secret === undefined) return
  const stranger = Buffer.from(`whsec_${pick('ABCDEF'.split('')).repeat(32)}`).toString('base64')
  await world.client.replace<Secret>(secretKind, { ...secret, data: { ...secret.data, 'signing-secret': stranger } })
}

async function withRemote({ world }: Scene, change: (id: string) => unknown): Promise<void> {
  const [remote] = world.remotes()
  if (remote !== undefined) change(remote.id)
}

/** An outage of Google, and it is over when the next begins or when all is quiet. */
const outage = (effect: Parameters<Scene['world']['admin']['addFault']>[0]['effect']) => (scene: Scene) =>
  scene.passing(
    () => scene.world.admin.addFault({ verb: 'any', times: 0, effect }),
    () => scene.world.admin.clearFaults(),
  )

export const happenings: readonly Happening[] = [
  { name: 'annotation', befall: look },
  { name: 'long annotation', befall: (scene) => annotate(scene, `${scene.next()}`.padEnd(300, 'é')) },
  {
    name: 'edit of the events',
    befall: ({ world, pick }) => world.patch(name, { spec: { events: [pick(eventTypes)] } }),
  },
  {
    name: 'edit of the state',
    befall: ({ world, pick }) => world.patch(name, { spec: { state: pick(['Enabled', 'Disabled']) } }),
  },
  {
    name: 'edit of the display name',
    befall: (scene) => scene.world.patch(name, { spec: { displayName: `name ${scene.next()}` } }),
  },
  {
    name: 'request for a rotation',
    befall: (scene) => scene.world.patch(name, { spec: { rotation: { request: { id: `r-${scene.next()}` } } } }),
  },
  {
    name: 'request for a token',
    befall: (scene) => scene.world.patch(name, { spec: { dynamic: { tokenRequest: { id: `t-${scene.next()}` } } } }),
  },
  { name: 'suspend', befall: ({ world }) => world.patch(name, { spec: { suspend: true } }) },
  { name: 'resume', befall: ({ world }) => world.patch(name, { spec: { suspend: null } }) },
  { name: 'edit of the Secret', befall: editSecret },
  { name: 'loss of the Secret', befall: ({ world }) => world.client.delete(secretKind, secretKey) },
  {
    name: 'loss of the keyring',
    async befall({ world }) {
      const webhook = await world.get(name)
      const shard = keyringSecretNameFor(webhook?.metadata.uid ?? '')
      await world.client.delete(secretKind, { namespace: home, name: shard })
    },
  },
  {
    name: 'rotation by another hand',
    atGoogle: true,
    befall: (scene) => withRemote(scene, (id) => scene.world.admin.rotateWebhook(id)),
  },
  {
    name: 'edit by another hand',
    atGoogle: true,
    befall: (scene) =>
      withRemote(scene, (id) => scene.world.admin.editWebhook(id, { subscribedEvents: [scene.pick(eventTypes)] })),
  },
  {
    name: 'disabled by another hand',
    atGoogle: true,
    befall: (scene) => withRemote(scene, (id) => scene.world.admin.editWebhook(id, { state: 'disabled' })),
  },
  {
    name: 'disabled by Google',
    atGoogle: true,
    befall: (scene) => withRemote(scene, (id) => scene.world.admin.autoDisable(id)),
  },
  {
    name: 'deleted by another hand',
    atGoogle: true,
    befall: (scene) => withRemote(scene, (id) => scene.world.admin.deleteWebhook(id)),
  },
  {
    name: 'outage of Google',
    befall: outage({ type: 'status', status: 503, when: 'beforeCommit', shape: 'rpc', message: 'away' }),
  },
  { name: 'answers of Google are lost', befall: outage({ type: 'reset', when: 'afterCommit' }) },
  {
    name: 'new API key of the project',
    befall: ({ world }) => world.putApiKey(world.admin.createApiKey('project-a')),
  },
  {
    name: 'outage of the API server',
    befall: (scene) =>
      scene.passing(
        () => scene.link.sever(),
        () => scene.link.restore(),
      ),
  },
  { name: 'restart of the controller', befall: (scene) => scene.restart() },
]
