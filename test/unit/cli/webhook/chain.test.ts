import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import type { Condition } from '../../../../src/api/status.ts'
import { brokenLink, unjudgedLinks } from '../../../../src/cli/link.ts'
import { remedyOf } from '../../../../src/cli/remedy.ts'
import { branchOf } from '../../../../src/cli/status-links.ts'
import type { Reach } from '../../../../src/cli/webhook/reach-endpoint.ts'
import { chainOf } from '../../../../src/cli/webhook/chain.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

type Told = Pick<Condition, 'status' | 'reason'> & { message?: string }

const good: Record<string, Told> = Object.fromEntries(
  ['CredentialsValid', 'Registered', 'SecretAvailable', 'InSync', 'Enabled', 'EndpointVerified', 'SinksResolved'].map(
    (type) => [type, { status: 'True', reason: 'Succeeded' }],
  ),
)

/** A registered object whose conditions are all good, but for these; undefined: absent. */
function anObject(conditions: Record<string, Told> = {}, changes: Partial<GeminiWebhook> = {}): GeminiWebhook {
  const base = aWebhook().registered().build()
  const told = Object.entries({ ...good, ...conditions }).map(
    ([type, { status, reason, message = `about ${type}` }]) => {
      return { type, status, reason, message, observedGeneration: 1, lastTransitionTime: '2026-11-21T12:00:00Z' }
    },
  )
  const status = { ...base.status, observedGeneration: base.metadata.generation, conditions: told as Condition[] }
  return { ...base, status, ...changes }
}

const brokenIn = (webhook: GeminiWebhook, reach?: Reach) => brokenLink(chainOf(webhook, reach))?.name

test('where everything is good no link is broken, and the sinks stand at its end', () => {
  const { status, ...rest } = anObject()
  const sinks = [{ name: 'worker', ready: true, address: 'http://worker.ml.svc:80/' }]
  const chain = chainOf({ ...rest, status: { ...status, sinks } }, { ends: 'receiver', says: 'a receiver answers' })
  assert.equal(brokenLink(chain), undefined)
  assert.deepEqual(chain.at(-1), { name: 'sink worker', state: 'Good', says: 'http://worker.ml.svc:80/' })
})

test('of several broken links the one that comes first on the way is named', () => {
  const conditions = {
    CredentialsValid: { status: 'False', reason: 'CredentialsRejected' },
    EndpointVerified: { status: 'False', reason: 'NeverArrived' },
  } as const
  assert.equal(brokenIn(anObject(conditions), { ends: 'DNS', says: '' }), 'API key')
})

for (const [ends, name] of [
  ['DNS', 'DNS'],
  ['connection', 'connection'],
  ['TLS', 'TLS'],
  ['route', 'route'],
] as const) {
  test(`a way that ends at ${ends} is good before that and not known after it`, () => {
    const chain = chainOf(anObject(), { ends, says: 'why' })
    const links = chain.filter((link) => ['DNS', 'connection', 'TLS', 'route'].includes(link.name))
    const at = links.findIndex((link) => link.name === name)
    assert.deepEqual(
      links.map(({ state }) => state),
      links.map((_, index) => (index < at ? 'Good' : index === at ? 'Broken' : 'Open')),
    )
    assert.equal(brokenLink(chain)?.says, 'why')
  })
}

test('a way that only pods can go is not known from here, and breaks nothing', () => {
  const chain = chainOf(anObject(), { ends: 'inCluster', says: 'it cannot be tried from here' })
  assert.deepEqual([brokenLink(chain), unjudgedLinks(chain)], [undefined, []])
  const links = chain.filter((link) => ['DNS', 'connection', 'TLS', 'route'].includes(link.name))
  assert.ok(links.every(({ state }) => state === 'Open'))
  assert.equal(links[0]?.says, 'it cannot be tried from here')
})

for (const [type, reason, name] of [
  ['Registered', 'RemoteUnavailable', 'registration'],
  ['CredentialsValid', 'Progressing', 'API key'],
  ['InSync', 'Progressing', 'in sync'],
  ['EndpointVerified', 'CheckPending', 'endpoint proven'],
] as const) {
  test(`${type} Unknown for ${reason} is not judged`, () => {
    const chain = chainOf(anObject({ [type]: { status: 'Unknown', reason } }), undefined)
    assert.deepEqual([brokenLink(chain), unjudgedLinks(chain)], [undefined, [name]])
  })
}

test('a condition that is missing is not judged, nor is a spec that nobody has looked at', () => {
  const { status, ...rest } = anObject()
  const conditions = status?.conditions?.filter(({ type }) => type !== 'Enabled') ?? []
  assert.deepEqual(unjudgedLinks(chainOf({ ...rest, status: { ...status, conditions } }, undefined)), ['enabled'])
  const behind = { ...rest, status: { ...status, observedGeneration: rest.metadata.generation - 1 } }
  assert.deepEqual(unjudgedLinks(chainOf(behind, undefined)), ['controller'])
})

test('what is Unknown because the spec wants it so needs no judgement', () => {
  for (const reason of ['NotRequired', 'ExternalEndpoint', 'NotChecked', 'DisabledBySpec', 'Suspended'] as const) {
    const chain = chainOf(anObject({ EndpointVerified: { status: 'Unknown', reason } }), undefined)
    assert.deepEqual(unjudgedLinks(chain), [])
  }
})

test('what the spec asks for breaks nothing', () => {
  const disabled = anObject({
    Enabled: { status: 'False', reason: 'DisabledBySpec' },
    EndpointVerified: { status: 'Unknown', reason: 'DisabledBySpec' },
  })
  assert.equal(brokenIn(disabled), undefined)
})

test('an object that no controller has looked at, or that is Stalled, is broken before everything else', () => {
  const { status: _status, ...unseen } = anObject()
  assert.equal(brokenIn(unseen), 'controller')
  const stalled = anObject({ Stalled: { status: 'True', reason: 'SecretNameTaken', message: 'choose another name' } })
  assert.equal(brokenLink(chainOf(stalled, undefined))?.says, 'SecretNameTaken: choose another name')
})

test('a verified delivery is not called the last: the status has the time only once an hour', () => {
  const { status, ...rest } = anObject()
  const verified = {
    ...rest,
    status: { ...status, delivery: { lastVerifiedTime: '2026-11-21T12:00:00Z', pending: 2 } },
  }
  assert.deepEqual(
    chainOf(verified, undefined).find(({ name }) => name === 'deliveries'),
    {
      name: 'deliveries',
      state: 'Good',
      says: 'one was verified at 2026-11-21T12:00:00Z; 2 stored ones have not ended yet',
    },
  )
})

test('refused deliveries, sinks that are not ready or take nothing, and dropped dead letters are broken links', () => {
  const { status, ...rest } = anObject()
  const refusing = { ...rest, status: { ...status, delivery: { refusingSince: '2026-11-21T12:00:00Z' } } }
  assert.equal(brokenIn(refusing), 'deliveries')
  const sinks = [
    { name: 'good', ready: true },
    { name: 'gone', ready: false, reason: 'SinkNotReady' },
  ]
  assert.equal(brokenIn({ ...rest, status: { ...status, sinks } }), 'sink gone')
  const failing = { failingSince: '2026-11-21T12:00:00Z', lastFailure: 'it answers with an error (503)' }
  const holding = { ...failing, pending: 200, deadLetters: 3 }
  const chain = chainOf(
    { ...rest, status: { ...status, sinks: [{ name: 'orders', ready: true, ...holding }] } },
    undefined,
  )
  assert.deepEqual(brokenLink(chain), {
    name: 'sink orders',
    state: 'Broken',
    says: 'takes nothing since 2026-11-21T12:00:00Z: it answers with an error (503); 200 pending; 3 dead letters',
  })
  assert.equal(brokenIn(anObject({ DeadLettersDropped: { status: 'True', reason: 'BoundReached' } })), 'dead letters')
})

test('a suspended sink is told with what it holds, and breaks nothing', () => {
  const { status, ...rest } = anObject()
  const sinks = [{ name: 'orders', address: 'http://a.b', ready: false, reason: 'Suspended', pending: 7 }]
  const chain = chainOf({ ...rest, status: { ...status, sinks } }, undefined)
  assert.deepEqual(
    chain.find(({ name }) => name === 'sink orders'),
    {
      name: 'sink orders',
      state: 'Open',
      says: 'suspend is true: events are kept and no attempt is made; 7 pending',
    },
  )
  assert.equal(brokenLink(chain), undefined)
})

test('that no event can be handed on to routes is a broken link, which their chains have as well', () => {
  const { status, ...rest } = anObject()
  const failing = {
    failingSince: '2026-11-21T12:00:00Z',
    lastFailure: 'receivers cannot store the events of routes now',
  }
  const chain = chainOf({ ...rest, status: { ...status, routes: { attached: 2, ...failing, pending: 7 } } }, undefined)
  const broken = brokenLink(chain)
  assert.equal(broken?.name, 'routing')
  assert.equal(branchOf('routing'), undefined)
  assert.match(broken.says, /since 2026-11-21T12:00:00Z: receivers cannot store the events of routes now; 7 pending$/)
  assert.match(remedyOf(broken) ?? '', /inbox/)
  assert.equal(
    brokenLink(chainOf({ ...rest, status: { ...status, routes: { attached: 2, pending: 7 } } }, undefined)),
    undefined,
  )
})

test('a sink that leads nowhere says which field is wrong, with the remedy for that; another of the same reason does not', () => {
  const message = 'spec.sinks[worker].service: Service ml/worker does not exist: create it or correct the name'
  const { status, ...rest } = anObject({ SinksResolved: { status: 'False', reason: 'SinkInvalid', message } })
  const sinks = ['worker', 'work'].map((name) => ({ name, ready: false, reason: 'SinkInvalid', pending: 2 }))
  const links = chainOf({ ...rest, status: { ...status, sinks } }, undefined).slice(-2)
  assert.deepEqual(links, [
    { name: 'sink worker', state: 'Broken', says: `SinkInvalid: ${message}; 2 pending` },
    { name: 'sink work', state: 'Broken', says: 'SinkInvalid; 2 pending' },
  ])
  for (const link of links) assert.equal(remedyOf(link), 'Correct the sink, or create what it names.')
})

test('that others see the jobs of the same project is told, and breaks nothing', () => {
  const webhook = anObject({ ProjectShared: { status: 'True', reason: 'OtherNamespaces', message: 'webhooks of 2' } })
  const chain = chainOf(webhook, undefined)
  assert.equal(brokenLink(chain), undefined)
  assert.deepEqual(chain.at(-1), { name: 'project', state: 'Good', says: 'webhooks of 2' })
})

test('sinks branch off the chain, and so does what breaks nothing in it', () => {
  const told = { status: 'True', reason: 'BoundReached' } as const
  const object = anObject({ DeadLettersDropped: told, PartIgnored: told, ProjectShared: told })
  const sinks = [{ name: 'worker', ready: true }]
  const chain = chainOf({ ...object, status: { ...object.status, sinks } }, { ends: 'receiver', says: 'it answers' })
  assert.deepEqual(
    chain.flatMap(({ name }) => (branchOf(name) === undefined ? [] : [[name, branchOf(name)]])),
    [
      ['sink worker', 'sink'],
      ['dead letters', 'beside'],
      ['spec', 'beside'],
      ['project', 'beside'],
    ],
  )
})

test('an object that the pause of the installation holds is open there, in the words of its condition', () => {
  const message = 'the whole installation is paused: until then'
  const paused = anObject({
    Ready: { status: 'False', reason: 'Suspended', message },
    Stalled: { status: 'True', reason: 'Suspended', message },
  })
  const [controller] = chainOf(paused, undefined)
  assert.deepEqual(controller, { name: 'controller', state: 'Open', says: message })
  assert.equal(brokenIn(paused), undefined)
})

const unmanagedIn = (chain: ReturnType<typeof chainOf>) => chain.find(({ name }) => name === 'unmanaged')

test('webhooks of the project that nobody manages are a good link, which names the command that adopts them', () => {
  const base = anObject()
  const withCount = (unmanagedWebhooks: number, spec = {}) =>
    chainOf(
      { ...base, spec: { ...base.spec, ...spec }, status: { ...base.status, project: { unmanagedWebhooks } } },
      undefined,
    )
  assert.deepEqual(unmanagedIn(withCount(3)), {
    name: 'unmanaged',
    state: 'Good',
    says: 'webhooks in the same Google project that no GeminiWebhook manages: 3; "gwh import ml/gemini-api-key" prints manifests that adopt them',
  })
  const other = withCount(100, { apiKeySecretRef: { name: 'keys', key: 'gemini' } })
  assert.match(unmanagedIn(other)?.says ?? '', /: 100 or more; "gwh import ml\/keys --api-key-field=gemini"/)
  for (const none of [chainOf(base, undefined), withCount(0), withCount(3, { apiKeySecretRef: undefined })])
    assert.equal(unmanagedIn(none), undefined)
})

test('while nobody leads the controller is broken, whatever the status says, and nothing else is', () => {
  const says = 'no controller leads in namespace gwh'
  const chain = chainOf(anObject(), undefined, { state: 'Nobody', says })
  assert.deepEqual(brokenLink(chain)?.name, 'controller')
  assert.match(brokenLink(chain)?.says ?? '', /^no controller leads in namespace gwh: .*as it was then/)
  assert.equal(chain.filter(({ state }) => state === 'Broken').length, 1)
  const { status: _status, ...unseen } = anObject()
  assert.match(brokenLink(chainOf(unseen, undefined, { state: 'Nobody', says }))?.says ?? '', /no controller leads/)
})

test('where it is not known whether one leads, the link is open, and the others are judged', () => {
  const chain = chainOf(anObject(), undefined, { state: 'Unknown', says: 'get leases: 403' })
  assert.deepEqual([chain[0]?.state, brokenLink(chain), unjudgedLinks(chain)], ['Open', undefined, []])
  assert.match(chain[0]?.says ?? '', /^has nothing left to do, when it looked last; .*get leases: 403$/)
  assert.equal(chainOf(anObject(), undefined, { state: 'Leads' })[0]?.says, 'has nothing left to do')
})

const backfilling = (backfill: NonNullable<GeminiWebhook['status']>['backfill']) => {
  const { status, spec, ...rest } = anObject()
  return { ...rest, spec: { ...spec, backfill: {} }, status: { ...status, backfill } }
}
const linkOf = (webhook: GeminiWebhook, name: string) => chainOf(webhook, undefined).find((link) => link.name === name)

test('what backfill did is told beside the chain, and where it is off nothing is', () => {
  assert.equal(linkOf(anObject(), 'backfill'), undefined)
  assert.deepEqual(linkOf(backfilling(undefined), 'backfill')?.state, 'Open')
  const since = '2026-11-21T12:00:00Z'
  const ran = { since, lastTime: '2026-11-22T12:00:00Z' }
  assert.match(
    linkOf(backfilling(ran), 'backfill')?.says ?? '',
    /ended since 2026-11-21T12:00:00Z are looked through, 30m after their end: nothing was missing$/,
  )
  const found = linkOf(backfilling({ ...ran, lastFound: 2, total: 14 }), 'backfill')
  assert.deepEqual([found?.state, branchOf('backfill')], ['Good', 'beside'])
  assert.match(found?.says ?? '', /: 2 found at 2026-11-22T12:00:00Z, 14 in all$/)
  const failing = backfilling({ ...ran, failing: { since, message: 'the list failed' } })
  assert.deepEqual(
    [brokenIn(failing), brokenLink(chainOf(failing, undefined))?.says],
    ['backfill', 'runs fail since 2026-11-21T12:00:00Z: the list failed'],
  )
})

test('a time in which deliveries may have been missed is told, and breaks nothing', () => {
  assert.equal(linkOf(anObject(), 'missed'), undefined)
  const open = anObject({ DeliveriesComplete: { status: 'False', reason: 'ReceiversAway', message: 'since noon' } })
  assert.deepEqual(linkOf(open, 'missed'), { name: 'missed', state: 'Open', says: 'ReceiversAway: since noon' })
  assert.deepEqual([brokenIn(open), branchOf('missed')], [undefined, 'beside'])
  const covered = anObject({ DeliveriesComplete: { status: 'True', reason: 'Backfilled', message: 'all is here' } })
  assert.deepEqual(linkOf(covered, 'missed'), { name: 'missed', state: 'Good', says: 'all is here' })
})
