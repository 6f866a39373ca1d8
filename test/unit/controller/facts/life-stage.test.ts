import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { isAwaited } from '../../../../src/controller/facts/life-stage.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const settled = aWebhook().registered()
const cases: { name: string; webhook: GeminiWebhook; awaited: boolean }[] = [
  { name: 'a new object', webhook: aWebhook().build(), awaited: false },
  { name: 'one in service with nothing to do', webhook: settled.build(), awaited: false },
  { name: 'one in service that was edited', webhook: settled.metadata({ generation: 7 }).build(), awaited: true },
  { name: 'a new one that was edited', webhook: aWebhook().metadata({ generation: 7 }).build(), awaited: false },
  { name: 'one that is being deleted', webhook: aWebhook().deleting().build(), awaited: true },
  {
    name: 'one whose call at Google was begun',
    webhook: aWebhook()
      .status({ operation: { type: 'Create', attemptID: 'a1', startTime: '2026-11-21T12:00:00Z' } })
      .build(),
    awaited: true,
  },
  {
    name: 'one whose endpoint is being checked',
    webhook: settled.status({ check: { attemptID: 'c1', startTime: '2026-11-21T12:00:00Z' } }).build(),
    awaited: true,
  },
]
for (const { name, webhook, awaited } of cases) {
  test(`${name} goes ${awaited ? 'first' : 'behind'}`, () => assert.equal(isAwaited(webhook), awaited))
}
