import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  formerNamesOf,
  identityOf,
  markerIn,
  markerOf,
  ownerOf,
  ownerOfRemote,
  remoteNameOf,
  shortMarkerOf,
  tokenIn,
  tokenOf,
  withoutToken,
} from '../../../../src/controller/facts/ownership.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const key = { namespace: 'ml', name: 'batch-events' }
const marker = markerOf('installation-1', key)
const identity = { marker, token: '0a1b2c3d', formerTokens: ['11111111'] }

test('the marker is fixed by installation, namespace and name, and comes first in the remote name', () => {
  assert.match(marker, /^gwh:[0-9a-f]{24}$/)
  assert.equal(markerOf('installation-1', key), marker)
  assert.notEqual(markerOf('installation-2', key), marker)
  assert.notEqual(markerOf('installation-1', { ...key, name: 'other' }), marker)
  assert.equal(remoteNameOf(identity, 'nightly'), `${marker} @0a1b2c3d nightly`)
  assert.equal(remoteNameOf(identity, undefined), `${marker} @0a1b2c3d`)
})

test('the token is fixed by the uid of the namespace', () => {
  assert.match(tokenOf('uid-1'), /^[0-9a-f]{8}$/)
  assert.equal(tokenOf('uid-1'), tokenOf('uid-1'))
  assert.notEqual(tokenOf('uid-1'), tokenOf('uid-2'))
})

test('only a whole marker at the start counts', () => {
  assert.equal(ownerOf(`${marker} label`, identity), 'ours')
  assert.equal(ownerOf('gwh:0123456789ab label', identity), 'another')
  for (const name of [undefined, '', 'label', `label ${marker}`, `${marker}x`, 'gwh:0123', marker.toUpperCase()]) {
    assert.equal(ownerOf(name, identity), 'nobody', name)
    assert.equal(markerIn(name), undefined)
  }
})

const names: { name: string; token: string | undefined; owner: string; because: string }[] = [
  { name: `${marker} @0a1b2c3d label`, token: '0a1b2c3d', owner: 'ours', because: 'it is our token' },
  { name: `${marker} @0a1b2c3d`, token: '0a1b2c3d', owner: 'ours', because: 'a display name is not needed' },
  { name: `${marker} @11111111 label`, token: '11111111', owner: 'ours', because: 'we replace that namespace' },
  { name: `${marker} @ffffffff label`, token: 'ffffffff', owner: 'another', because: 'another cluster has our id' },
  { name: `${marker} @ffffffff`, token: 'ffffffff', owner: 'another', because: 'the display name says nothing' },
  { name: `${marker} @0a1b`, token: undefined, owner: 'ours', because: 'a name that was cut short lost its token' },
  {
    name: `${marker} label @ffffffff`,
    token: undefined,
    owner: 'ours',
    because: 'only what follows the marker counts',
  },
  { name: 'gwh:0123456789ab @0a1b2c3d', token: '0a1b2c3d', owner: 'another', because: 'the marker comes first' },
]
for (const { name, token, owner, because } of names) {
  test(`"${name}" is ${owner}: ${because}`, () => {
    assert.equal(tokenIn(name), token)
    assert.equal(ownerOf(name, identity), owner)
  })
}

test('a name without its token is what an earlier version wrote', () => {
  for (const displayName of [undefined, 'nightly', '@home'])
    assert.equal(
      withoutToken(remoteNameOf(identity, displayName)),
      displayName === undefined ? marker : `${marker} ${displayName}`,
    )
  assert.equal(withoutToken('by hand'), 'by hand')
})

test('what an object was taken over from counts as ours until it is renamed', () => {
  const installation = { id: 'installation-1', token: '0a1b2c3d', formerTokens: [] }
  const taken = aWebhook()
    .status({ formerInstallation: { id: 'installation-0', token: '22222222' } })
    .build()
  const theirs = markerOf('installation-0', key)
  assert.equal(ownerOf(`${theirs} @22222222`, identityOf(installation, taken)), 'ours')
  assert.equal(ownerOf(theirs, identityOf(installation, taken)), 'ours')
  assert.equal(ownerOf(`${theirs} @33333333`, identityOf(installation, taken)), 'another')
  assert.equal(ownerOf(theirs, identityOf(installation, aWebhook().build())), 'another')
})

const short = shortMarkerOf(marker)

test('names of earlier versions, with the short marker, are recognised, and known as such', () => {
  assert.match(short, /^gwh:[0-9a-f]{12}$/)
  for (const name of [short, `${short} label`, `${short} @0a1b2c3d`, `${short} @0a1b2c3d label`]) {
    assert.equal(ownerOf(name, identity), 'ours', name)
    assert.equal(markerIn(name), short)
  }
  assert.equal(ownerOf(`${short} @ffffffff label`, identity), 'another')
  const now = remoteNameOf(identity, 'label')
  assert.deepEqual(formerNamesOf(now), [`${short} @0a1b2c3d label`, `${short} label`, `${marker} label`])
})

test('a marker that begins like ours and goes on otherwise is of another object', () => {
  const collision = `${short}${'0'.repeat(12)}`
  assert.equal(ownerOf(`${collision} @0a1b2c3d label`, identity), 'another')
})

test('a short marker counts for the object that has recorded the webhook, or whose endpoint it calls, and for nobody else', () => {
  const installation = { id: 'installation-1', token: '0a1b2c3d', formerTokens: [] }
  const remote = { id: 'w1', name: `${short} @0a1b2c3d`, uri: 'https://hooks.example.com/v1/s/other/victim' }
  const ofKey = (id?: string) =>
    identityOf(installation, { metadata: key, status: id === undefined ? undefined : { webhook: { id } } })
  assert.equal(ownerOfRemote(remote, ofKey()), 'another', 'another object has the same 48 bits')
  assert.equal(ownerOfRemote(remote, ofKey('w2')), 'another')
  assert.equal(ownerOfRemote(remote, ofKey('w1')), 'ours')
  const own = { ...remote, uri: 'https://hooks.example.com/v1/s/ml/batch-events' }
  assert.equal(ownerOfRemote(own, ofKey()), 'ours', 'a rebuilt cluster finds its webhooks again')
  assert.equal(
    ownerOfRemote({ ...remote, name: `${marker} @0a1b2c3d` }, ofKey()),
    'ours',
    'the whole marker needs neither',
  )
})
