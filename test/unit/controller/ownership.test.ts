import assert from 'node:assert/strict'
import { test } from 'node:test'

import { markerIn, markerOf, ownerOf, remoteNameOf } from '../../../src/controller/ownership.ts'

const key = { namespace: 'ml', name: 'batch-events' }

test('the marker is fixed by installation, namespace and name, and comes first in the remote name', () => {
  const marker = markerOf('installation-1', key)
  assert.match(marker, /^gwh:[0-9a-f]{12}$/)
  assert.equal(markerOf('installation-1', key), marker)
  assert.notEqual(markerOf('installation-2', key), marker)
  assert.notEqual(markerOf('installation-1', { ...key, name: 'other' }), marker)
  assert.equal(remoteNameOf(marker, 'nightly'), `${marker} nightly`)
  assert.equal(remoteNameOf(marker, undefined), marker)
})

test('only a whole marker at the start counts', () => {
  const marker = markerOf('installation-1', key)
  assert.equal(ownerOf(`${marker} label`, marker), 'ours')
  assert.equal(ownerOf('gwh:0123456789ab label', marker), 'another')
  for (const name of [undefined, '', 'label', `label ${marker}`, `${marker}x`, 'gwh:0123', marker.toUpperCase()]) {
    assert.equal(ownerOf(name, marker), 'nobody', name)
    assert.equal(markerIn(name), undefined)
  }
})
