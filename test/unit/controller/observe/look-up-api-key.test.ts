import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { lookUpApiKey } from '../../../../src/controller/observe/look-up-api-key.ts'
import type { SecretReader } from '../../../../src/controller/observe/secret-reader.ts'

test('what is longer than any API key is none, and is not kept as one', async () => {
  const webhook = {
    metadata: { namespace: 'ml', name: 'n' },
    spec: { apiKeySecretRef: { name: 'key' } },
  } as unknown as GeminiWebhook
  const lookUp = (length: number) => {
    const data = { 'api-key': Buffer.alloc(length, 'k').toString('base64') }
    const secrets = { read: () => Promise.resolve({ state: 'found', value: { metadata: { name: 'key' }, data } }) }
    return lookUpApiKey(webhook, 'installation', secrets as unknown as SecretReader)
  }
  assert.equal((await lookUp(1_024)).state, 'found')
  const tooLong = await lookUp(1_025)
  assert.equal(tooLong.state === 'missing' && tooLong.reason, 'SecretKeyMissing')
  assert.match(tooLong.state === 'missing' ? tooLong.message : '', /Secret ml\/key has more than 1024 characters/)
})
