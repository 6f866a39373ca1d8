import assert from 'node:assert/strict'
import { test } from 'node:test'

import { rotationOf, secretsOf } from '../../../src/ui/webhook/rotation.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const rotated = { rotation: { lastRotationTime: '2026-11-19T12:00:00Z' } }

test('a window shows when it opens next, five times, one that is open now first', () => {
  const windows = [{ cron: '0 11 * * *', duration: '2h' }]
  const webhook = aWebhook()
    .registered()
    .spec({ rotation: { interval: '720h', windows } })
    .build()
  const [window] = rotationOf(webhook, nowMs).windows
  const dayMs = 24 * 3_600_000
  assert.deepEqual(
    window?.openings.map(({ fromMs, untilMs }) => [(fromMs - nowMs) / dayMs, (untilMs - fromMs) / 3_600_000]),
    [0, 1, 2, 3, 4].map((day) => [day - 1 / 24, 2]),
  )
  assert.equal(window?.timeZone, 'UTC')
})

test('a window that never opens shows nothing, and what is wrong with it', () => {
  const windows = [{ cron: '0 0 31 2 *', duration: '1h' }]
  const webhook = aWebhook()
    .registered()
    .spec({ rotation: { interval: '720h', windows } })
    .build()
  const { windows: shown, problems, nextMs } = rotationOf(webhook, nowMs)
  assert.deepEqual([shown[0]?.openings, nextMs], [[], undefined])
  assert.match(problems.join(), /names no day that exists/)
})

test('the former secret overlaps until receivers stop accepting it, the one in force has its hint', () => {
  const signingSecret = { hint: 'whsec_...bbbb', previousExpireTime: '2026-11-21T18:00:00Z' }
  const webhook = aWebhook()
    .status({ ...rotated, signingSecret })
    .build()
  assert.deepEqual(secretsOf(webhook, nowMs), [
    { state: 'Overlapping', untilMs: Date.parse('2026-11-21T18:00:00Z') },
    { hint: 'whsec_...bbbb', state: 'InForce', fromMs: Date.parse('2026-11-19T12:00:00Z') },
  ])
  assert.equal(secretsOf(webhook, Date.parse('2026-11-21T18:00:01Z')).length, 1)
})
