import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { lookUpApiKey } from '../../../../src/controller/observe/look-up-api-key.ts'
import type { SecretReader } from '../../../../src/controller/observe/secret-reader.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'

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

const keyless = { apiKeySecretRef: undefined } as const
const onlyDynamic = { ...keyless, events: undefined, dynamic: {} }
const operation = { type: 'Create', attemptID: 'a', startTime: '2026-11-21T11:00:00Z' } as const
const absences: [name: string, webhook: WebhookBuilder, state: string, message?: RegExp][] = [
  ['nothing is at Google and nothing is wanted there', aWebhook().spec(onlyDynamic), 'notNeeded'],
  [
    'what is at Google is to stay there',
    aWebhook()
      .registered()
      .spec({ ...onlyDynamic, deletionPolicy: 'Retain' }),
    'notNeeded',
  ],
  [
    'a webhook is still to be removed',
    aWebhook().registered().spec(onlyDynamic),
    'missing',
    /webhook abc\w+ cannot be removed at Google without it: put it back .* or set spec\.deletionPolicy to Retain$/,
  ],
  [
    'a call was begun, whatever becomes of the webhook',
    aWebhook()
      .spec({ ...onlyDynamic, deletionPolicy: 'Retain' })
      .status({ operation }),
    'missing',
    /begun at Google cannot be finished without it: put it back until that is done$/,
  ],
  ['events are wanted, by a CRD that lets it through', aWebhook().spec(keyless), 'missing', /spec\.events need/],
]
for (const [name, webhook, state, message] of absences) {
  test(`without apiKeySecretRef the key is ${state} where ${name}`, async () => {
    const secrets = { read: () => Promise.reject(new Error('no Secret is named')) } as unknown as SecretReader
    const lookup = await lookUpApiKey(webhook.build(), 'installation', secrets)
    assert.equal(lookup.state, state)
    if (message !== undefined) assert.match(lookup.state === 'missing' ? lookup.message : '', message)
  })
}
