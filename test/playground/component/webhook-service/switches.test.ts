import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'

import { decodeJwt, decodeProtectedHeader } from 'jose'
import { Webhook } from 'standardwebhooks'

import { switchesSchema, type SwitchChanges, type Switches } from '../../../../playground/webhook-service/switches.ts'
import { eventually } from '../../../support/measures/eventually.ts'
import { rawApi, startSimulator, startTlsEndpoint, type Received } from '../../../support/worlds/simulator.ts'

/** Every switch, under each of its settings: what a client or an endpoint sees. The default comes first. */
const minuteMs = 60_000
const hourMs = 60 * minuteMs

interface BatchList {
  operations?: { name: string; metadata: Record<string, unknown> }[]
  nextPageToken?: string
}
type Payload = { type: string; data: Record<string, unknown> } & Record<string, unknown>

/** A job whose events go to these URIs. */
const dynamic = (uris = ['https://d.test/a'], userMetadata?: Record<string, unknown>) => ({
  webhookConfig: { uris, userMetadata },
})
async function start(t: TestContext, switches: SwitchChanges) {
  const simulated = await startSimulator(t, { switches })
  const { admin, url, apiKey, endpoint } = simulated
  const call = rawApi(url, apiKey)
  const create = (changes: Record<string, unknown> = {}) =>
    call('POST', '/v1/webhooks', { uri: 'https://hooks.test/s', subscribed_events: ['batch.succeeded'], ...changes })
  const register = async () => ((await create()).body as { id: string }).id
  const get = async (id: string, version = 'v1') => call('GET', `/${version}/webhooks/${id}`)
  const shown = async (id: string) => (await get(id)).body as Record<string, unknown>
  const update = async (id: string, changes: object) => (await call('PATCH', `/v1/webhooks/${id}`, changes)).status
  const rotate = async (id: string, body: object = {}) => call('POST', `/v1/webhooks/${id}:rotateSigningSecret`, body)
  const newSecret = async () => ((await create()).body as { new_signing_secret: string }).new_signing_secret
  const ping = async (id: string) => {
    assert.equal((await call('POST', `/v1/webhooks/${id}:ping`)).status, 200)
    await admin.advance(0)
  }
  const finish = async (type: 'batch' | 'video' = 'batch', changes: object = {}) => {
    const job = admin.createJob({ project: 'project-a', type, ...changes })
    admin.finishJob(job.id, type === 'batch' ? 'succeeded' : 'generated')
    await admin.advance(0)
    return job.id
  }
  const last = (): Received => {
    const received = endpoint.received.at(-1)
    assert.ok(received !== undefined, 'nothing was received')
    return received
  }
  const batches = async () => (await call('GET', '/v1/batches')).body as BatchList
  const payload = () => JSON.parse(last().body.toString()) as Payload
  const signature = () => String(last().headers['webhook-signature'])
  const stateOf = (id: string) => admin.webhooks().find((webhook) => webhook.id === id)?.state
  const tlsOrigin = async () => (await startTlsEndpoint(t)).origin
  const switchesNow = () => admin.switches()
  return Object.assign(simulated, {
    switchesNow,
    tlsOrigin,
    batches,
    call,
    create,
    register,
    get,
    shown,
    update,
    rotate,
    newSecret,
    ping,
    finish,
    last,
    payload,
    signature,
    stateOf,
  })
}
type World = Awaited<ReturnType<typeof start>>

interface Proof<Name extends keyof Switches> {
  /** Each setting and what is seen under it. */
  settings: [Switches[Name], unknown][]
  /** Other switches that have to be set for this one to show. */
  given?: SwitchChanges
  see: (world: World) => Promise<unknown>
}

/** Creates a webhook with this URI: the status. */
const createStatus = (uri: string) => async (world: World) => (await world.create({ uri })).status
const uriSwitch = (
  uri: string,
): { settings: ['accepted' | 'refused', unknown][]; see: (world: World) => Promise<unknown> } => ({
  settings: [
    ['accepted', 200],
    ['refused', 400],
  ],
  see: createStatus(uri),
})

const proofs: { [Name in keyof Switches]: Proof<Name> } = {
  pingType: {
    settings: [
      ['ping', 'ping'],
      ['webhook.ping', 'webhook.ping'],
    ],
    see: async ({ register, ping, payload }) => {
      await ping(await register())
      return payload().type
    },
  },
  pingBody: {
    settings: [
      ['envelope', ['type', 'version', 'timestamp', 'data']],
      ['envelopeWithId', ['type', 'version', 'timestamp', 'data', 'data.id']],
      ['emptyObject', []],
    ],
    see: async ({ register, ping, payload }) => {
      await ping(await register())
      const body: { data?: Record<string, unknown> } = payload()
      return [...Object.keys(body), ...(body.data?.['id'] === undefined ? [] : ['data.id'])]
    },
  },
  pingWhenDisabled: {
    settings: [
      ['dropped', 0],
      ['delivered', 1],
    ],
    see: async ({ register, update, ping, endpoint }) => {
      const id = await register()
      await update(id, { state: 'disabled' })
      await ping(id)
      return endpoint.received.length
    },
  },
  pingResults: {
    given: { autoDisableFailures: 1 },
    settings: [
      ['ignored', 'enabled'],
      ['counted', 'disabled_due_to_failed_deliveries'],
    ],
    see: async ({ register, ping, endpoint, stateOf }) => {
      endpoint.state.answer = 500
      const id = await register()
      await ping(id)
      return stateOf(id)
    },
  },
  autoDisable: {
    given: { autoDisableFailures: 3, autoDisableWindowMs: 12 * hourMs },
    settings: [
      ['afterFailures', ['disabled_due_to_failed_deliveries', 'disabled_due_to_failed_deliveries']],
      ['afterWindow', ['enabled', 'disabled_due_to_failed_deliveries']],
      ['off', ['enabled', 'enabled']],
    ],
    see: async ({ register, finish, admin, endpoint, stateOf }) => {
      endpoint.state.answer = 500
      const id = await register()
      await finish()
      await admin.advance(hourMs)
      const afterAnHour = stateOf(id)
      await admin.advance(20 * hourMs)
      return [afterAnHour, stateOf(id)]
    },
  },
  autoDisableFailures: {
    settings: [
      [20, 'enabled'],
      [2, 'disabled_due_to_failed_deliveries'],
      [0, 'enabled'],
    ],
    see: async ({ register, finish, admin, endpoint, stateOf }) => {
      endpoint.state.answer = 500
      const id = await register()
      await finish()
      await admin.advance(10_000)
      return stateOf(id)
    },
  },
  autoDisableWindowMs: {
    given: { autoDisable: 'afterWindow' },
    settings: [
      [6 * hourMs, 'enabled'],
      [hourMs, 'disabled_due_to_failed_deliveries'],
    ],
    see: async ({ register, finish, admin, endpoint, stateOf }) => {
      endpoint.state.answer = 500
      const id = await register()
      await finish()
      await admin.advance(3 * hourMs)
      return stateOf(id)
    },
  },
  reenableByUpdate: {
    settings: [
      ['accepted', [200, 'enabled']],
      ['refused', [400, 'disabled_due_to_failed_deliveries']],
    ],
    see: async ({ register, admin, update, stateOf }) => {
      const id = await register()
      admin.autoDisable(id)
      return [await update(id, { state: 'enabled' }), stateOf(id)]
    },
  },
  setFailedState: {
    settings: [
      ['refused', 400],
      ['accepted', 200],
    ],
    see: async ({ register, update }) => update(await register(), { state: 'disabled_due_to_failed_deliveries' }),
  },
  retriesWhileDisabled: {
    settings: [
      ['dropped', ['dropped', 1]],
      ['held', ['delivered', 2]],
    ],
    see: async ({ register, finish, admin, endpoint, update }) => {
      endpoint.state.answer = (nth) => (nth === 1 ? 500 : 204)
      const id = await register()
      await finish()
      await update(id, { state: 'disabled' })
      await admin.advance(minuteMs)
      await update(id, { state: 'enabled' })
      await admin.advance(hourMs)
      return [admin.deliveries()[0]?.state, endpoint.received.length]
    },
  },
  rotationSignatures: {
    settings: [
      ['oldNew', ['old', 'new']],
      ['newOld', ['new', 'old']],
      ['newOnly', ['new']],
    ],
    see: async (world) => {
      const id = await world.register()
      await world.rotate(id)
      await world.finish()
      return signers(world, id)
    },
  },
  secondRotation: {
    settings: [
      ['oldExpiryKept', [14, 24]],
      ['oldExpiryRenewed', [24, 24]],
      ['oldestDropped', [24]],
    ],
    see: async ({ register, rotate, admin }) => {
      const id = await register()
      await rotate(id)
      await admin.advance(10 * hourMs)
      await rotate(id)
      return admin
        .secrets(id)
        .flatMap(({ expireMs }) => (expireMs === undefined ? [] : [Math.round((expireMs - admin.now()) / hourMs)]))
    },
  },
  rotateWhileDisabled: {
    settings: [
      ['accepted', 200],
      ['refused', 400],
    ],
    see: async ({ register, update, rotate }) => {
      const id = await register()
      await update(id, { state: 'disabled' })
      return (await rotate(id)).status
    },
  },
  rotateAutoDisabled: {
    settings: [
      ['kept', 'disabled_due_to_failed_deliveries'],
      ['reset', 'enabled'],
    ],
    see: async ({ register, admin, rotate, stateOf }) => {
      const id = await register()
      admin.autoDisable(id)
      await rotate(id)
      return stateOf(id)
    },
  },
  signingSecretsOrder: {
    settings: [
      ['newestFirst', ['current', 'expiring']],
      ['oldestFirst', ['expiring', 'current']],
    ],
    see: async ({ register, rotate, shown }) => {
      const id = await register()
      await rotate(id)
      const { signing_secrets: secrets } = await shown(id)
      return (secrets as object[]).map((secret) => ('expire_time' in secret ? 'expiring' : 'current'))
    },
  },
  maxSigningSecrets: {
    settings: [
      [0, 4],
      [2, 2],
    ],
    see: async ({ register, rotate, admin }) => {
      const id = await register()
      for (let n = 0; n < 3; n++) await rotate(id)
      return admin.secrets(id).length
    },
  },
  uppercaseRevocation: {
    settings: [
      ['refused', 400],
      ['accepted', 200],
    ],
    see: async ({ register, rotate }) =>
      (await rotate(await register(), { revocation_behavior: 'REVOKE_PREVIOUS_SECRETS_IMMEDIATELY' })).status,
  },
  secretBytes: {
    settings: [
      [24, 24],
      [32, 32],
      [64, 64],
    ],
    see: async ({ newSecret }) => Buffer.from((await newSecret()).slice(6), 'base64').length,
  },
  secretPadding: {
    given: { secretBytes: 32 },
    settings: [
      ['padded', true],
      ['unpadded', false],
    ],
    see: async ({ newSecret }) => (await newSecret()).endsWith('='),
  },
  secretAlphabet: {
    given: { secretBytes: 64 },
    settings: [
      ['base64', true],
      ['alphanumeric', false],
    ],
    see: async ({ newSecret }) => {
      const secrets = await Promise.all(Array.from({ length: 100 }, newSecret))
      return secrets.some((secret) => /[+/]/.test(secret))
    },
  },
  errorShape: {
    settings: [
      ['rpc', ['code', 'message', 'status']],
      ['interactions', ['message', 'code']],
    ],
    see: async ({ get }) => Object.keys(((await get('gone')).body as { error: object }).error),
  },
  invalidKey: {
    settings: [
      ['badRequest', 400],
      ['unauthorized', 401],
    ],
    see: async ({ url }) => (await rawApi(url, 'nobody')('GET', '/v1/webhooks')).status,
  },
  duplicates: {
    settings: [
      ['allowed', 200],
      ['badRequest', 400],
      ['conflict', 409],
    ],
    see: async ({ create }) => {
      await create()
      return (await create()).status
    },
  },
  maxWebhooksPerProject: {
    settings: [
      [0, [200, 200, 200]],
      [2, [200, 200, 429]],
    ],
    see: async ({ create }) => [(await create()).status, (await create()).status, (await create()).status],
  },
  maxUrisPerConfig: {
    settings: [
      [0, 2],
      [1, 'refused'],
    ],
    see: async ({ finish, endpoint }) => {
      const done = await finish('batch', dynamic(['https://d.test/a', 'https://d.test/b'])).catch(() => undefined)
      return done === undefined ? 'refused' : endpoint.received.length
    },
  },
  maxUserMetadataBytes: {
    settings: [
      [0, 1],
      [16, 'refused'],
    ],
    see: async ({ finish, endpoint }) => {
      const done = await finish('batch', dynamic(['https://d.test/a'], { k: 'x'.repeat(40) })).catch(() => undefined)
      return done === undefined ? 'refused' : endpoint.received.length
    },
  },
  maxNameCharacters: {
    settings: [
      [0, 200],
      [10, 400],
    ],
    see: async ({ create }) => (await create({ name: 'x'.repeat(11) })).status,
  },
  maxRequestsPerMinute: {
    settings: [
      [0, [200, 200, 'none', 200]],
      [2, [200, 429, 'about a minute', 200]],
    ],
    see: async ({ create, call, admin }) => {
      await create()
      const second = await call('GET', '/v1/webhooks')
      const third = await call('GET', '/v1/webhooks')
      await admin.advance(minuteMs + 1_000)
      const seconds = Number(third.headers.get('retry-after'))
      const wait = seconds === 0 ? 'none' : seconds > 45 && seconds <= 60 ? 'about a minute' : seconds
      return [second.status, third.status, wait, (await create()).status]
    },
  },
  uriHttp: uriSwitch('http://hooks.test/'),
  uriLocalhost: uriSwitch('https://api.localhost/'),
  uriPrivateAddress: uriSwitch('https://10.1.2.3/'),
  uriPort: uriSwitch('https://hooks.test:8443/'),
  uriUserinfo: uriSwitch('https://user:pass@hooks.test/'),
  uriQuery: uriSwitch('https://hooks.test/?token=x'),
  retryDelayMs: {
    given: { retryJitter: 0 },
    settings: [
      [1_000, 1],
      [60_000, 60],
    ],
    see: (world) => secondsToSecondAttempt(world),
  },
  retryDelayMaxMs: {
    given: { retryJitter: 0, autoDisable: 'off' },
    settings: [
      [hourMs, true],
      [minuteMs, false],
    ],
    see: async (world) => Math.max(...(await gaps(world))) > minuteMs + 1_000,
  },
  retryJitter: {
    given: { retryDelayMs: 80_000 },
    settings: [
      [0.25, 70],
      [0, 80],
    ],
    see: (world) => secondsToSecondAttempt(world),
  },
  retryForMs: {
    given: { autoDisable: 'off' },
    settings: [
      [24 * hourMs, 'pending'],
      [hourMs, 'gaveUp'],
    ],
    see: async ({ register, finish, admin, endpoint }) => {
      endpoint.state.answer = 500
      await register()
      await finish()
      await admin.advance(2 * hourMs)
      return admin.deliveries()[0]?.state
    },
  },
  attemptTimeoutMs: {
    settings: [
      [10_000, undefined],
      [50, 'timeout'],
    ],
    see: async ({ register, admin, endpoint, switchesNow }) => {
      endpoint.state.answer = 'hang'
      await register()
      const job = admin.createJob({ project: 'project-a', type: 'batch' })
      admin.finishJob(job.id, 'succeeded')
      await eventually('the attempt', () => endpoint.received.length > 0)
      if (switchesNow().attemptTimeoutMs < 1_000) await admin.advance(0)
      return admin.deliveries()[0]?.attempts[0]?.error
    },
  },
  specialAnswers: {
    given: { retryJitter: 0 },
    settings: [
      ['plainFailure', [1, 'enabled']],
      ['spec', [120, 'disabled_due_to_failed_deliveries']],
    ],
    see: async (world) => {
      const { endpoint, register, finish, admin, stateOf } = world
      endpoint.state.headers = { 'retry-after': '120' }
      endpoint.state.answer = (nth) => (nth === 1 ? 429 : nth === 3 ? 410 : 204)
      const id = await register()
      await finish()
      await admin.advance(200_000)
      const [first = 0, second = 0] = admin.deliveries()[0]?.attempts.map(({ atMs }) => atMs) ?? []
      await finish()
      return [Math.round((second - first) / 1_000), stateOf(id)]
    },
  },
  selfSignedTls: {
    settings: [
      ['refused', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ['accepted', 204],
    ],
    see: async ({ register, finish, admin, tlsOrigin }) => {
      admin.setConnectTo({ '*': await tlsOrigin() })
      await register()
      await finish()
      const attempt = admin.deliveries()[0]?.attempts[0]
      return attempt?.error ?? attempt?.status
    },
  },
  userAgent: {
    settings: [
      ['Google-Gemini-Webhooks/1.0', 'Google-Gemini-Webhooks/1.0'],
      ['Other/2', 'Other/2'],
    ],
    see: async ({ register, finish, last }) => {
      await register()
      await finish()
      return last().headers['user-agent']
    },
  },
  v1aOnStatic: {
    settings: [
      ['absent', ['v1']],
      ['added', ['v1', 'v1a']],
    ],
    see: async ({ register, finish, signature }) => {
      await register()
      await finish()
      return signature()
        .split(' ')
        .map((entry) => entry.split(',')[0])
    },
  },
  deliveryLagMs: {
    settings: [
      [0, ['/new']],
      [minuteMs, ['/s', '/new']],
    ],
    see: async ({ register, update, finish, admin, endpoint, switchesNow }) => {
      const id = await register()
      await admin.advance(hourMs)
      await update(id, { uri: 'https://hooks.test/new' })
      await finish()
      if (switchesNow().deliveryLagMs > 0) {
        await admin.advance(minuteMs)
        await finish()
      }
      return endpoint.received.map(({ path }) => path)
    },
  },
  userMetadataPlace: {
    settings: [
      ['topLevel', { user_metadata: { a: 1 } }],
      ['dataSnake', { 'data.user_metadata': { a: 1 } }],
      ['dataCamel', { 'data.userMetadata': { a: 1 } }],
    ],
    see: async ({ finish, payload }) => {
      await finish('batch', dynamic(undefined, { a: 1 }))
      return metadataOf(payload())
    },
  },
  userMetadataForm: {
    settings: [
      ['object', { user_metadata: { a: 1 } }],
      ['string', { user_metadata: '{"a":1}' }],
    ],
    see: async ({ finish, payload }) => {
      await finish('batch', dynamic(undefined, { a: 1 }))
      return metadataOf(payload())
    },
  },
  batchId: {
    settings: [
      ['path', true],
      ['bare', false],
    ],
    see: async ({ finish, payload }) => {
      await finish('batch', dynamic())
      return String(payload().data['id']).startsWith('batches/')
    },
  },
  outputFileUri: {
    settings: [
      ['files', 'files'],
      ['gs', 'gs:'],
    ],
    see: async ({ finish, payload }) => {
      await finish('batch', { ...dynamic(), input: 'file' })
      return String(payload().data['output_file_uri']).split('/')[0]
    },
  },
  videoFields: {
    settings: [
      ['guide', ['id', 'output_file_uri', 'file_name']],
      ['cookbook', ['id', 'video_uri']],
      ['other', ['id', 'file_id', 'video_uri']],
    ],
    see: async ({ finish, payload }) => {
      await finish('video', dynamic())
      return Object.keys(payload().data)
    },
  },
  cancelledEvents: {
    settings: [
      ['silent', []],
      ['emitted', ['batch.cancelled', 'interaction.cancelled']],
    ],
    see: async ({ admin, endpoint }) => {
      for (const type of ['batch', 'interaction'] as const) {
        const { id } = admin.createJob({ project: 'project-a', type, ...dynamic() })
        admin.finishJob(id, 'cancelled')
        await admin.advance(0)
      }
      return endpoint.received.map(({ body }) => (JSON.parse(body.toString()) as { type: string }).type)
    },
  },
  batchExpiry: {
    settings: [
      ['h24', ['running', 'expired', 'expired']],
      ['h48', ['running', 'running', 'expired']],
    ],
    see: async ({ admin }) => {
      admin.createJob({ project: 'project-a', type: 'batch' })
      const states: (string | undefined)[] = []
      for (const hours of [23, 2, 24]) {
        await admin.advance(hours * hourMs)
        states.push(admin.jobs()[0]?.state)
      }
      return states
    },
  },
  batchListOrder: {
    settings: [
      ['newestFirst', ['second', 'first']],
      ['oldestFirst', ['first', 'second']],
    ],
    see: async ({ admin, batches }) => {
      const ids = ['first', 'second'].map((name) => [admin.createJob({ project: 'project-a', type: 'batch' }).id, name])
      return (await batches()).operations?.map(({ name }) => new Map(ids as [string, string][]).get(name.slice(8)))
    },
  },
  batchListMaxPageSize: {
    settings: [
      [1_000, 3],
      [2, 2],
    ],
    see: async ({ admin, batches }) => {
      for (let n = 0; n < 3; n += 1) admin.createJob({ project: 'project-a', type: 'batch' })
      return (await batches()).operations?.length
    },
  },
  batchListLagMs: {
    settings: [
      [0, 1],
      [minuteMs, 0],
    ],
    see: async ({ admin, batches }) => {
      admin.createJob({ project: 'project-a', type: 'batch' })
      return (await batches()).operations?.length ?? 0
    },
  },
  batchListOutputs: {
    settings: [
      ['sent', true],
      ['omitted', false],
    ],
    see: async ({ finish, batches }) => {
      await finish()
      return (await batches()).operations?.[0]?.metadata['output'] !== undefined
    },
  },
  batchListEnd: {
    settings: [
      ['noToken', undefined],
      ['emptyToken', ''],
    ],
    see: async ({ batches }) => (await batches()).nextPageToken,
  },
  batchStates: {
    settings: [
      ['batchState', 'BATCH_STATE_SUCCEEDED'],
      ['jobState', 'JOB_STATE_SUCCEEDED'],
    ],
    see: async ({ finish, batches }) => {
      await finish()
      return (await batches()).operations?.[0]?.metadata['state']
    },
  },
  apiVersions: {
    settings: [
      ['oneStore', 200],
      ['twoStores', 404],
    ],
    see: async ({ register, get }) => (await get(await register(), 'v1beta')).status,
  },
  rotateSecretAlias: {
    settings: [
      ['notFound', 404],
      ['alias', 200],
    ],
    see: async ({ register, call }) =>
      (await call('POST', `/v1/webhooks/${await register()}/rotate_secret`, {})).status,
  },
  updateMask: {
    settings: [
      ['ignored', ['new', 'disabled', 200]],
      ['honoured', ['new', 'enabled', 400]],
    ],
    see: async ({ register, call, shown }) => {
      const id = await register()
      await call('PATCH', `/v1/webhooks/${id}?update_mask=name`, { name: 'new', state: 'disabled' })
      const { name, state } = await shown(id)
      return [name, state, (await call('PATCH', `/v1/webhooks/${id}?update_mask=colour`, { name: 'x' })).status]
    },
  },
  times: {
    settings: [
      ['omitted', []],
      ['sent', ['create_time', 'update_time']],
    ],
    see: async ({ register, shown }) =>
      Object.keys(await shown(await register())).filter((key) => key.endsWith('_time')),
  },
  readLagMs: {
    settings: [
      [0, [200, 200]],
      [minuteMs, [404, 200]],
    ],
    see: async ({ register, get, admin }) => {
      const id = await register()
      const atOnce = (await get(id)).status
      await admin.advance(minuteMs)
      return [atOnce, (await get(id)).status]
    },
  },
  listLagMs: {
    settings: [
      [0, [1, 1]],
      [minuteMs, [0, 1]],
    ],
    see: async ({ register, call, admin }) => {
      const count = async () => ((await call('GET', '/v1/webhooks')).body as { webhooks?: [] }).webhooks?.length ?? 0
      await register()
      const atOnce = await count()
      await admin.advance(minuteMs)
      return [atOnce, await count()]
    },
  },
  dynamicSigning: {
    settings: [
      ['v1a', 'v1a'],
      ['rs256Jwt', ['RS256', 'https://d.test/a', true]],
    ],
    see: async ({ finish, signature, url }) => {
      await finish('batch', dynamic())
      const header = signature()
      if (header.includes(',')) return header.split(',')[0]
      const { alg, kid } = decodeProtectedHeader(header)
      const { keys } = (await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: { kid?: string }[] }
      return [alg, decodeJwt(header).aud, keys.some((key) => key.kid === kid)]
    },
  },
  jwksCacheControl: {
    settings: [
      ['public, max-age=600', 'public, max-age=600'],
      ['', null],
    ],
    see: async ({ url }) => (await fetch(`${url}/.well-known/jwks.json`)).headers.get('cache-control'),
  },
  jwksScope: {
    settings: [
      ['global', 3],
      ['perProject', 6],
    ],
    see: async ({ url, admin }) => {
      admin.createProject('project-b')
      return ((await (await fetch(`${url}/.well-known/jwks.json`)).json()) as { keys: [] }).keys.length
    },
  },
  dynamicUris: {
    settings: [
      ['all', ['/a', '/b']],
      ['first', ['/a']],
    ],
    see: async ({ finish, endpoint }) => {
      await finish('batch', dynamic(['https://d.test/a', 'https://d.test/b']))
      return endpoint.received.map(({ path }) => path).toSorted()
    },
  },
  dynamicIds: {
    settings: [
      ['same', 1],
      ['own', 2],
    ],
    see: async ({ finish, endpoint }) => {
      await finish('batch', dynamic(['https://d.test/a', 'https://d.test/b']))
      return new Set(endpoint.received.map(({ headers }) => headers['webhook-id'])).size
    },
  },
  batchUserMetadata: {
    settings: [
      ['accepted', 200],
      ['refused', 400],
    ],
    see: async ({ call }) => {
      const webhookConfig = { uris: ['https://d.test/a'], userMetadata: { a: 1 } }
      return (await call('POST', '/v1/models/m:batchGenerateContent', { batch: { webhookConfig } })).status
    },
  },
  omniVideoWebhook: {
    settings: [
      ['fires', 1],
      ['silent', 0],
    ],
    see: async ({ finish, endpoint }) => {
      await finish('video', { ...dynamic(), model: 'models/omni-flash' })
      return endpoint.received.length
    },
  },
}

/** Which secret made each entry of the last signature, by the reference library. */
function signers({ admin, last, signature }: World, id: string): string[] {
  const { headers, body } = last()
  const sentAt = new Date(Number(headers['webhook-timestamp']) * 1000)
  const names = ['old', 'new']
  const expected = new Map(
    admin.secrets(id).map(({ secret }, index) => {
      const entry = new Webhook(secret).sign(String(headers['webhook-id']), sentAt, body.toString())
      return [entry, names[index] ?? 'another']
    }),
  )
  return signature()
    .split(' ')
    .map((entry) => expected.get(entry) ?? 'nobody')
}

/** Milliseconds between the attempts of a delivery that fails for two hours. */
async function gaps({ register, finish, admin, endpoint }: World): Promise<number[]> {
  endpoint.state.answer = 500
  await register()
  await finish()
  await admin.advance(2 * hourMs)
  const times = admin.deliveries()[0]?.attempts.map(({ atMs }) => atMs) ?? []
  return times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))
}

async function secondsToSecondAttempt(world: World): Promise<number> {
  const [first = 0] = await gaps(world)
  return Math.round(first / 1_000)
}

function metadataOf(body: Payload): Record<string, unknown> {
  const places: [string, unknown][] = [
    ['user_metadata', body['user_metadata']],
    ['data.user_metadata', body.data['user_metadata']],
    ['data.userMetadata', body.data['userMetadata']],
  ]
  return Object.fromEntries(places.filter(([, value]) => value !== undefined))
}

const names = Object.keys(switchesSchema.shape) as (keyof Switches)[]

for (const name of names) {
  describe(`switch ${name}`, () => {
    const { settings, given = {}, see } = proofs[name] as Proof<typeof name>
    for (const [setting, want] of settings) {
      test(`${JSON.stringify(setting)}: ${JSON.stringify(want) ?? 'nothing yet'}`, async (t) => {
        const world = await start(t, { ...given, [name]: setting })
        assert.deepEqual(await see(world), want)
      })
    }
    test('shows every setting it has, the default first, each unlike the others', () => {
      const schema = switchesSchema.shape[name].unwrap()
      const shown = settings.map(([setting]) => setting)
      if ('options' in schema && schema.type === 'enum') assert.deepEqual(shown, schema.options)
      assert.equal(shown[0], switchesSchema.parse({})[name])
      assert.equal(new Set(settings.map(([, want]) => JSON.stringify(want))).size > 1, true)
      assert.ok((switchesSchema.shape[name].description ?? '').length > 10, 'is documented')
    })
  })
}

test('an unknown switch and a setting that does not exist are refused', () => {
  assert.throws(() => switchesSchema.parse({ pingtype: 'x' }))
  assert.throws(() => switchesSchema.parse({ apiVersions: 'threeStores' }))
})
