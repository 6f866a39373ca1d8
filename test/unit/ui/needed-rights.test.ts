import assert from 'node:assert/strict'
import { test } from 'node:test'

import { readMay } from '../../../src/ui/needed-rights.ts'
import type { Right, Rights } from '../../../src/ui/rights.ts'
import { aWebhook, type WebhookBuilder } from '../../support/builders/a-webhook.ts'

/** The Secrets that one has to be allowed to read for a ping. */
async function secretsForPing(webhook: WebhookBuilder): Promise<(string | undefined)[]> {
  const asked: (readonly Right[])[] = []
  const rights = {
    may: (...needed: readonly Right[]) => {
      asked.push(needed)
      return Promise.resolve({ may: 'yes' })
    },
  } as unknown as Rights
  await readMay(webhook.build(), rights, 'gemini-webhook-system')
  return (asked[0] ?? []).filter(({ resource }) => resource === 'secrets').map(({ name }) => name)
}

test('a ping needs the right to read the API key, where one is named', async () => {
  assert.deepEqual(await secretsForPing(aWebhook()), ['gemini-api-key'])
  assert.deepEqual(await secretsForPing(aWebhook().spec({ apiKeySecretRef: undefined, dynamic: {} })), [])
})
