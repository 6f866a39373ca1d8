import assert from 'node:assert/strict'
import { test } from 'node:test'

import { findRival } from '../../../../src/controller/observe/find-rival.ts'
import { aRemote, identity } from '../../../support/builders/an-observation.ts'

const url = 'https://hooks.example.com/v1/s/ml/batch-events'
const neighbour = aRemote({ id: 'other', name: 'gwh:0123456789ab', uri: url })
const listing = { byMarker: () => [], byUri: () => [neighbour] }
const ours = { state: 'ours', url } as const

test('another installation that delivers to our URL is a rival', () => {
  assert.equal(findRival(listing, ours, identity, () => false)?.id, 'other')
})

test('an object of this installation that names our URL as a server of its own holds nobody up', () => {
  assert.equal(
    findRival(listing, ours, identity, (marker) => marker === 'gwh:0123456789ab'),
    undefined,
  )
})
