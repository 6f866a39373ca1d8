import assert from 'node:assert/strict'
import { test } from 'node:test'

import { installationData, readInstallationRecord } from '../../../src/contract/installation-record.ts'

const tokensIn = (formerTokens: string) => readInstallationRecord({ formerTokens }).formerTokens

test('former tokens are listed as people write lists', () => {
  assert.deepEqual(tokensIn('0a1b2c3d, 11111111\n22222222,'), ['0a1b2c3d', '11111111', '22222222'])
  assert.deepEqual(tokensIn('prod-eu-1 0A1B2C3D'), [])
})

test('a ConfigMap that is not there, or lost its entries, is a record without an id', () => {
  const none = { id: '', namespaceUid: undefined, token: undefined, formerTokens: [] }
  assert.deepEqual(readInstallationRecord(), none)
  assert.deepEqual(readInstallationRecord({}), none)
})

test('what is written is read as it was', () => {
  const record = { id: 'prod-eu-1', namespaceUid: 'uid-1', token: '0a1b2c3d', formerTokens: ['11111111', '22222222'] }
  assert.deepEqual(readInstallationRecord(installationData(record)), record)
})

test('what is not given is not written, so that a merge leaves it as it is', () => {
  assert.deepEqual(installationData({ token: '0a1b2c3d', formerTokens: [] }), { token: '0a1b2c3d' })
})
