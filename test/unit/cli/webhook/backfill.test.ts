import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import { refusalOf } from '../../../../src/cli/webhook/backfill.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const hourMs = 3_600_000

const paused = {
  type: 'Stalled',
  status: 'True',
  observedGeneration: 1,
  reason: 'Suspended',
  message: 'the whole installation is paused',
  lastTransitionTime: '2026-11-21T11:00:00Z',
} as const

interface Given {
  readonly spec?: Partial<GeminiWebhookSpec>
  readonly status?: Partial<GeminiWebhookStatus>
  readonly sinceMs?: number
}

function refusal({ spec = { backfill: {} }, status = {}, sinceMs }: Given): string | undefined {
  const webhook = aWebhook().registered().spec(spec).status(status).build()
  return refusalOf(webhook, { id: 'outage-1', sinceMs, nowMs })
}

test('what a request can do is not refused', () => {
  assert.equal(refusal({}), undefined)
  assert.equal(refusal({ sinceMs: nowMs - 72 * hourMs }), undefined)
  assert.equal(refusal({ spec: { backfill: { lookback: '336h' } }, sinceMs: nowMs - 300 * hourMs }), undefined)
})

const refused: readonly (readonly [string, Given, RegExp])[] = [
  ['a server of its own', { spec: { endpoint: { url: 'https://mine.example.com/x' } } }, /spec\.endpoint\.url/],
  ['backfill that is off', { spec: {} }, /^ml\/batch-events: spec\.backfill is absent.*set it to \{\} first/],
  ['a suspended object', { spec: { backfill: {}, suspend: true } }, /spec\.suspend is true/],
  [
    'an id that was answered',
    { status: { backfill: { handledRequestIDs: ['outage-1'] } } },
    /^--request-id: outage-1 was answered before/,
  ],
  [
    'an installation that is paused',
    { status: { conditions: [paused] } },
    /^ml\/batch-events: no batches are listed: the whole installation is paused$/,
  ],
  [
    'a time of which nothing is looked at yet',
    { sinceMs: nowMs - hourMs / 4 },
    /^--since: 2026-11-21T11:45:00Z is within spec\.backfill\.grace of ml\/batch-events, .* \(since 2026-11-21T11:30:00Z\)/,
  ],
  ['a time to come', { sinceMs: nowMs + hourMs }, /^--since: 2026-11-21T13:00:00Z is in the future/],
  [
    'a time before the lookback',
    { sinceMs: nowMs - 73 * hourMs },
    /^--since: 2026-11-18T11:00:00Z is older than spec\.backfill\.lookback of ml\/batch-events allows \(2026-11-18T12:00:00Z\)/,
  ],
]
for (const [what, given, says] of refused) {
  test(`a request is refused for ${what}, with what to do`, () => assert.match(refusal(given) ?? '', says))
}
