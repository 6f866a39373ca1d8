import assert from 'node:assert/strict'
import { test } from 'node:test'

import { ownerNameAnnotation } from '../../../../src/api/names.ts'
import type { GeminiRoute } from '../../../../src/api/gemini-route.ts'
import type { DynamicEndpointEntry, KeyringEntry } from '../../../../src/contract/keyring/entry.ts'
import { hashToken } from '../../../../src/contract/keyring/token-hash.ts'
import { FailedCall } from '../../../../src/controller/facts/failure-class.ts'
import { found, missing, type Lookup } from '../../../../src/controller/facts/lookup.ts'
import { keyringIsFull } from '../../../../src/controller/keyring/keyring-room.ts'
import type { Consent } from '../../../../src/controller/routes/consent.ts'
import {
  deleteSecretsOf,
  finishEndpoint,
  ownerOf,
  prepareEndpoint,
} from '../../../../src/controller/routes/route-endpoint.ts'
import { buildDynamicSecret } from '../../../../src/controller/secrets/dynamic-secret.ts'
import { KubernetesApiError } from '../../../../src/kubernetes/client.ts'
import type { Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { dynamicToken } from '../../../support/builders/a-dynamic-endpoint.ts'
import { aRouteEntry } from '../../../support/builders/a-route-entry.ts'
import { aRoute } from '../../../support/builders/a-route.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { aPass } from '../../../support/worlds/a-pass.ts'

const attached: Consent = { type: 'attached' }
const refused: Consent = { type: 'refused', reason: 'NotAllowed', message: '' }
const kept = (reason: 'WebhookNotFound' | 'Progressing'): Consent => ({ type: 'kept', reason, message: '' })
const webhook = aWebhook().build()
const secretName = 'nightly-route-endpoint'
const hash = hashToken(dynamicToken)
const told: DynamicEndpointEntry = { tokens: [{ hash }], audiences: [] }
const uri = `https://hooks.example.com/v1/r/team-search/nightly/${dynamicToken}`

const wanting = (changes: Parameters<typeof aRoute>[0] = {}) =>
  aRoute({ ...changes, spec: { dynamic: {}, ...changes.spec } })

/** The Secret of the route at rest. */
function aSecret(route: GeminiRoute = wanting(), content: { uri?: string; uid?: string } = {}): Secret {
  const owner = { ...ownerOf(route), ...(content.uid !== undefined && { uid: content.uid }) }
  const secret = buildDynamicSecret(owner, secretName, {
    token: dynamicToken,
    uri: content.uri ?? uri,
    previous: [],
    handledRequestIDs: [],
  })
  return { ...secret, metadata: { ...secret.metadata, uid: 'uid-of-secret', resourceVersion: '7' } }
}

interface Given {
  route?: GeminiRoute
  consent?: Consent
  webhook?: typeof webhook | undefined
  known?: KeyringEntry
  /** By name. */
  secrets?: Record<string, Lookup<Secret>>
  rehearse?: () => Promise<void>
  /** What a write or a deletion fails with. */
  fails?: Error
  namespace?: string
}

function aScene(given: Given = {}) {
  const {
    route = wanting(),
    consent = attached,
    known,
    secrets = {},
    rehearse = () => Promise.resolve(),
    fails,
  } = given
  const calls: string[] = []
  const written: Secret[] = []
  const write = (verb: string) => (_kind: object, secret: Secret) => {
    calls.push(`${verb} ${secret.metadata.name}`)
    written.push(secret)
    return fails === undefined ? Promise.resolve(secret) : Promise.reject(fails)
  }
  const pass = aPass({
    recorder: { record: ({ reason }) => void calls.push(`Event ${reason}`) },
    secrets: {
      read: ({ name }: { name: string }) => Promise.resolve(secrets[name] ?? missing),
      forget: () => undefined,
    } as never,
    client: {
      create: write('create') as never,
      replace: write('replace') as never,
      get: ((_kind: object, { name }: { name: string }) => {
        const lookup = secrets[name]
        return Promise.resolve(lookup?.state === 'found' ? lookup.value : undefined)
      }) as never,
      delete: (_kind: object, { name }: { name: string }) => {
        calls.push(`delete ${name}`)
        return fails === undefined ? Promise.resolve() : Promise.reject(fails)
      },
    },
  })
  const ctx = { ...pass, config: { ...pass.config, namespace: given.namespace ?? 'gwh-system' } }
  const seen = 'webhook' in given ? given.webhook : webhook
  const prepare = () => prepareEndpoint(route, { consent, webhook: seen, known, rehearse }, ctx)
  return { ctx, route, calls, written, prepare }
}

test('a route at rest is read and not written', async () => {
  const { prepare, calls } = aScene({
    secrets: { [secretName]: found(aSecret()) },
    known: aRouteEntry({ dynamic: told }),
  })
  assert.deepEqual(await prepare(), { entry: told, secretName })
  assert.deepEqual(calls, [])
})

test('the address is where the webhook is served now, and follows it', async () => {
  const moved = aWebhook()
    .status({ endpoint: { url: 'https://old.example.com/hooks/v1/s/ml/batch-events' } })
    .build()
  const { prepare, written } = aScene({ secrets: { [secretName]: found(aSecret()) }, webhook: moved })
  await prepare()
  const published = Buffer.from(written[0]?.data?.['uri'] ?? '', 'base64').toString()
  assert.equal(published, `https://old.example.com/hooks/v1/r/team-search/nightly/${dynamicToken}`)
  const elsewhere = aWebhook()
    .status({ endpoint: { url: 'https://their-own.example.com/' } })
    .build()
  const other = aScene({ secrets: { [secretName]: found(aSecret()) }, webhook: elsewhere })
  await other.prepare()
  assert.deepEqual(other.written, [], 'what a spec named before is no address of ours')
})

test('a new token is made only where the keyring could hold it, and the route says so', async () => {
  const full = aScene({ rehearse: () => Promise.reject(keyringIsFull('uid-of-route')) })
  const { entry, failure } = await full.prepare()
  assert.deepEqual([entry, failure?.reason, full.calls], [undefined, 'KeyringFull', []])
  const rehearsed: DynamicEndpointEntry[] = []
  const roomy = aScene()
  await prepareEndpoint(
    roomy.route,
    { consent: attached, webhook, known: undefined, rehearse: (each) => Promise.resolve(void rehearsed.push(each)) },
    roomy.ctx,
  )
  assert.deepEqual([rehearsed.length, rehearsed[0]?.tokens.length], [1, 1])
  assert.deepEqual(roomy.calls, [`create ${secretName}`])
})

test('a write that fails leaves what the receivers know, and shows no token', async () => {
  const fails = new KubernetesApiError({ status: 403, reason: 'Forbidden', message: `may not have ${dynamicToken}` })
  const known = aRouteEntry({ dynamic: told })
  const { prepare } = aScene({ secrets: { [secretName]: found(aSecret(wanting(), { uri: 'other' })) }, known, fails })
  const { entry, failure } = await prepare()
  assert.deepEqual([entry, failure?.reason], [told, 'RefusedByAPIServer'])
  assert.ok(!JSON.stringify(failure).includes(dynamicToken))
})

test('while the owner refuses nothing is read or written, and status still names the Secret', async () => {
  const route = wanting({ status: { endpoint: { dynamicSecretName: secretName } } })
  const known = aRouteEntry({ dynamic: told })
  const { prepare, calls } = aScene({ route, consent: refused, known })
  assert.deepEqual(await prepare(), { entry: undefined, secretName })
  assert.deepEqual(calls, [])
})

test('where nothing is known of consent the endpoint lasts, and without a webhook it does not', async () => {
  const known = aRouteEntry({ dynamic: told })
  assert.deepEqual((await aScene({ consent: kept('Progressing'), known }).prepare()).entry, told)
  const gone = aScene({ consent: kept('WebhookNotFound'), webhook: undefined, known })
  assert.equal((await gone.prepare()).entry, undefined)
  assert.deepEqual(gone.calls, [])
})

test('a Secret that an earlier route of the name left is taken over, with its token and under the new owner', async () => {
  const { prepare, written, calls } = aScene({
    secrets: { [secretName]: found(aSecret(wanting(), { uid: 'former' })) },
  })
  assert.deepEqual((await prepare()).entry, told)
  assert.deepEqual(calls, [`replace ${secretName}`])
  assert.deepEqual(
    written[0]?.metadata.ownerReferences?.map(({ uid }) => uid),
    ['uid-of-route'],
  )
})

test('a Secret of a webhook that has the name of the route is a stranger', async () => {
  const ofWebhook = aSecret(wanting(), { uid: 'uid-of-webhook' })
  const annotations = { ...ofWebhook.metadata.annotations, [ownerNameAnnotation]: 'nightly' }
  const secret = { ...ofWebhook, metadata: { ...ofWebhook.metadata, annotations } }
  const { prepare, calls } = aScene({ secrets: { [secretName]: found(secret) } })
  const { entry, secretName: told, failure } = await prepare()
  assert.deepEqual([entry, told, failure?.reason, calls], [undefined, undefined, 'SecretNameTaken', []])
})

test('a Secret of the keyring is never named, also where it does not exist yet', async () => {
  const route = wanting({ metadata: { namespace: 'gwh-system' }, spec: { dynamic: { secretName: 'gwh-keyring-3' } } })
  const { prepare, calls } = aScene({ route })
  const { failure } = await prepare()
  assert.equal(failure?.reason, 'SecretNameTaken')
  assert.match(failure.message, /^spec\.dynamic\.secretName: Secret gwh-system\/gwh-keyring-3 .* choose another one$/)
  assert.deepEqual(calls, [])
  const elsewhere = aScene({ route, namespace: 'another' })
  assert.equal((await elsewhere.prepare()).failure, undefined, 'elsewhere the name means nothing')
})

test('a renamed Secret goes once the new one is there; where it does not go, status names it on', async () => {
  const status = { endpoint: { dynamicSecretName: 'former' } }
  const former = { ...aSecret(), metadata: { ...aSecret().metadata, name: 'former' } }
  const secrets = { [secretName]: found(aSecret()), former: found(former) }
  const scene = aScene({ route: wanting({ status }), secrets, known: aRouteEntry({ dynamic: told }) })
  const endpoint = await scene.prepare()
  assert.deepEqual(endpoint, { entry: told, secretName, obsoleteName: 'former' })
  assert.deepEqual(await finishEndpoint(scene.route, endpoint, scene.ctx), endpoint)
  assert.deepEqual(scene.calls, ['delete former'])
  const fails = new FailedCall({
    class: 'refused',
    reason: 'RefusedByAPIServer',
    message: 'no',
    mayHaveCommitted: false,
  })
  const stuck = aScene({ route: wanting({ status }), secrets, fails })
  const left = await finishEndpoint(stuck.route, endpoint, stuck.ctx)
  assert.deepEqual([left.secretName, left.failure?.reason], ['former', 'RefusedByAPIServer'])
})

test('without the dynamic part nothing opens the route, whoever allows what, and its Secret goes', async () => {
  const status = { endpoint: { dynamicSecretName: secretName } }
  for (const consent of [attached, refused, kept('WebhookNotFound')]) {
    const scene = aScene({ route: aRoute({ status }), consent, secrets: { [secretName]: found(aSecret()) } })
    assert.deepEqual(await scene.prepare(), { entry: undefined, secretName: undefined, obsoleteName: secretName })
  }
  assert.deepEqual(await aScene({ route: aRoute() }).prepare(), { entry: undefined, secretName: undefined })
})

test('of a route that is gone both its Secrets go, and none of anybody else', async () => {
  const route = wanting({ status: { endpoint: { dynamicSecretName: 'former' } } })
  const strangers = aSecret(wanting({ metadata: { name: 'other', uid: 'uid-of-other' } }))
  const { ctx, calls } = aScene({ secrets: { [secretName]: found(aSecret()), former: found(strangers) } })
  await deleteSecretsOf(route, ctx)
  assert.deepEqual(calls, [`delete ${secretName}`])
})

test('of a route that is gone nothing goes that the next of its name has by now', async () => {
  const { ctx, calls } = aScene({ secrets: { [secretName]: found(aSecret(wanting(), { uid: 'uid-of-the-next' })) } })
  await deleteSecretsOf(wanting(), ctx)
  assert.deepEqual(calls, [])
})

test('a deletion that is refused keeps nothing of a route that is gone, and one that may pass is tried again', async () => {
  const secrets = { [secretName]: found(aSecret()) }
  const forbidden = new KubernetesApiError({ status: 403, reason: 'Forbidden', message: 'a policy' })
  await deleteSecretsOf(wanting(), aScene({ secrets, fails: forbidden }).ctx)
  const away = new KubernetesApiError({ status: 503, reason: 'ServiceUnavailable', message: 'away' })
  await assert.rejects(deleteSecretsOf(wanting(), aScene({ secrets, fails: away }).ctx), away)
})
