import assert from 'node:assert/strict'
import { test } from 'node:test'

import { judgeRollout, mayHaveChosen, turnOf } from '../../../../src/controller/observe/base-url-rollout.ts'
import { wantedProof } from '../../../../src/controller/facts/endpoint-proof.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'

const config = { baseUrl: 'https://new.example.com', allowedHostnames: [] }
const oldUrl = (name: string) => `https://hooks.example.com/v1/s/ml/${name}`
const newUrl = (name: string) => `https://new.example.com/v1/s/ml/${name}`
const registered = { type: 'Registered', status: 'True', reason: 'Succeeded' } as const
const common = { observedGeneration: 1, lastTransitionTime: '2026-11-21T12:00:00Z', message: '' }

function anObject(name: string, uri: string, conditions: object[] = [registered], checkedSpec?: string) {
  const day = { a: '01', b: '02', c: '03' }[name] ?? '09'
  return aWebhook()
    .metadata({ name, uid: `uid-${name}`, creationTimestamp: `2026-11-${day}T00:00:00Z` })
    .registered({ uri, ...(checkedSpec !== undefined && { checkedSpec }) })
    .status({ conditions: conditions.map((condition) => ({ ...common, ...condition }) as never) })
}

const proofOf = (uri: string) => wantedProof({ endpoint: { state: 'ours', url: uri } }, anObservation().build().keyring)
const a = anObject('a', oldUrl('a'))
const b = anObject('b', oldUrl('b'))
const turns = (...objects: ReturnType<typeof anObject>[]) => {
  const built = objects.map((object) => object.build())
  const rollout = judgeRollout(built, config)
  return built.map((object) => turnOf(object, rollout))
}
const waitFor = (name: string, failed = false) => ({ state: 'wait', canary: { namespace: 'ml', name, failed } })

for (const { name, objects, want } of [
  { name: 'the oldest goes first', objects: [b, a], want: [waitFor('a'), { state: 'go' }] },
  {
    name: 'while it is being checked the others wait',
    objects: [anObject('b', newUrl('b')), a],
    want: [{ state: 'go' }, waitFor('b')],
  },
  {
    name: 'a failed check halts the others',
    objects: [anObject('a', newUrl('a'), [registered, { type: 'EndpointVerified', status: 'False' }]), b],
    want: [{ state: 'go' }, waitFor('a', true)],
  },
  {
    name: 'a proof lets all of them go',
    objects: [anObject('a', newUrl('a'), [registered], proofOf(newUrl('a'))), b],
    want: [{ state: 'go' }, { state: 'go' }],
  },
  {
    name: 'a proof of the old address is none',
    objects: [anObject('a', newUrl('a'), [registered], proofOf(oldUrl('a'))), b],
    want: [{ state: 'go' }, waitFor('a')],
  },
  {
    name: 'an object with troubles of its own does not go first',
    objects: [
      anObject('a', oldUrl('a'), [registered, { type: 'Stalled', status: 'True' }]),
      b,
      anObject('c', oldUrl('c')),
    ],
    want: [waitFor('b'), { state: 'go' }, waitFor('b')],
  },
  {
    name: 'one that is Stalled only for a wrong sink can go first',
    objects: [anObject('a', oldUrl('a'), [registered, { type: 'Stalled', status: 'True', reason: 'SinkInvalid' }]), b],
    want: [{ state: 'go' }, waitFor('a')],
  },
]) {
  test(`rollout of a base URL: ${name}`, () => {
    assert.deepEqual(turns(...objects), want)
  })
}

test('one that is suspended, deleted, disabled, never checked or served elsewhere proves nothing', () => {
  for (const useless of [
    a.spec({ suspend: true }),
    a.deleting(),
    a.spec({ state: 'Disabled' }),
    a.spec({ endpointCheck: 'Never' }),
    a.spec({ endpoint: { url: 'https://mine.example.com/x' } }),
    a.spec({ events: undefined, dynamic: {} }),
  ]) {
    assert.deepEqual(turns(useless, b), [waitFor('b'), { state: 'go' }], 'the next oldest goes first')
    assert.deepEqual(turns(useless), [{ state: 'go' }], 'with nobody to prove it nothing is waited for')
  }
})

const edited = a.metadata({ generation: 2 })
for (const { name, webhook, uri = oldUrl('a'), want } of [
  { name: 'an object whose spec stands', webhook: a, want: false },
  { name: 'an edit of something else', webhook: edited, want: false },
  {
    name: 'a host name that is asked for now',
    webhook: edited.spec({ endpoint: { hostname: 'eu.example.com' } }),
    want: true,
  },
  {
    name: 'a host name that was asked for before',
    webhook: edited,
    uri: 'https://eu.example.com/v1/s/ml/a',
    want: true,
  },
  { name: 'a server of the user’s before', webhook: edited, uri: 'https://mine.example.com/x', want: true },
  { name: 'the address of a webhook that was adopted', webhook: a, uri: 'https://theirs.example.com/x', want: true },
  { name: 'an address that is none', webhook: a, uri: 'edited by hand', want: true },
]) {
  test(`rollout of a base URL: ${name} ${want ? 'is applied at once' : 'waits for its turn'}`, () => {
    assert.equal(mayHaveChosen(webhook.build(), uri, { allowedHostnames: ['eu.example.com'] }), want)
  })
}
