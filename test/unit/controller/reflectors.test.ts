import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { installationAnnotation, reconcileRequestedAtAnnotation } from '../../../src/api/names.ts'
import { onlyWhatCounts } from '../../../src/controller/reflectors.ts'

test('of the labels and annotations of an object only what is read is kept, and no more than counts', () => {
  const metadata = { namespace: 'ml', name: 'n', uid: 'u', resourceVersion: '7', generation: 2, finalizers: ['other'] }
  const bulk = 'x'.repeat(200_000)
  const kept = onlyWhatCounts({
    metadata: {
      ...metadata,
      labels: { bulk },
      annotations: { bulk, [installationAnnotation]: 'a/b', [reconcileRequestedAtAnnotation]: bulk },
    },
    spec: { events: ['batch.succeeded'] },
    status: {},
  } as unknown as GeminiWebhook)
  assert.deepEqual(kept, {
    metadata: {
      ...metadata,
      annotations: { [installationAnnotation]: 'a/b', [reconcileRequestedAtAnnotation]: bulk.slice(0, 1_024) },
    },
    spec: { events: ['batch.succeeded'] },
    status: {},
  })
})
