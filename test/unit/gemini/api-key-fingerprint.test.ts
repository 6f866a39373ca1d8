import assert from 'node:assert/strict'
import { test } from 'node:test'

import { apiKeyFingerprint } from '../../../src/gemini/api-key-fingerprint.ts'

test('the same key has the same fingerprint in one installation and another one elsewhere', () => {
  const fingerprint = apiKeyFingerprint('key-1', 'installation-a')
  assert.match(fingerprint, /^[0-9a-f]{32}$/)
  assert.equal(apiKeyFingerprint('key-1\n', 'installation-a'), fingerprint, 'a trailing newline is no other key')
  assert.notEqual(apiKeyFingerprint('key-2', 'installation-a'), fingerprint)
  assert.notEqual(apiKeyFingerprint('key-1', 'installation-b'), fingerprint)
})
