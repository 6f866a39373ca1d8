import assert from 'node:assert/strict'
import { test } from 'node:test'

import { askForPing } from '../../../../src/cli/webhook/ask-for-ping.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

test('Google cannot be asked for a ping where no API key is named any more, and that is said', async () => {
  const webhook = aWebhook().registered().spec({ apiKeySecretRef: undefined, events: undefined, dynamic: {} }).build()
  await assert.rejects(
    askForPing(webhook, {} as never, {} as never),
    /^Error: ml\/batch-events: spec\.apiKeySecretRef is absent/,
  )
})
