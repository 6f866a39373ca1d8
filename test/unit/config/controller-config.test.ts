import assert from 'node:assert/strict'
import { test } from 'node:test'

import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { settleMsOf } from '../../../src/controller/config.ts'
import { shippedConfig } from '../../support/builders/shipped-config.ts'

const parse = (flags: readonly string[]) => parseSettings(controllerSettings, { flags, env: {} })
const baseUrl = '--base-url=https://192.0.2.1'

test('times that contradict the protocol are refused, each with what to do', () => {
  const broken = ['--settle-extra=1ms', '--resync-interval=1s', '--confirm-interval=1s', '--receiver-seen-wait=99s']
  assert.deepEqual(parse([baseUrl, ...broken]), {
    type: 'errors',
    errors: [
      'settleExtra (1 ms) is shorter than callTimeout (10000 ms): a late call could end after its intent was settled; raise settleExtra',
      'resyncInterval (1000 ms) must be longer than confirmInterval (1000 ms): raise resyncInterval',
      'receiverSeenWait (99000 ms) must be shorter than the settle time (10001 ms): lower receiverSeenWait',
    ],
  })
})

test('a base URL that is none, and no workers at all, are refused', () => {
  for (const flags of [['--base-url=x'], [baseUrl, '--workers=0']]) assert.equal(parse(flags).type, 'errors')
})

test('a rotated secret outlasts settling and confirming, however long they are set', () => {
  const longest = [
    '--call-timeout=2m',
    '--settle-extra=10m',
    '--confirm-interval=10m',
    '--resync-interval=1h',
    '--lease-duration=10m',
  ]
  const parsed = parse([baseUrl, ...longest])
  assert.ok(parsed.type === 'config', JSON.stringify(parsed))
  assert.ok(shippedConfig.secretOverlapMs > settleMsOf(parsed.config) + parsed.config.confirmIntervalMs)
  assert.equal(parse([baseUrl, '--settle-extra=11m']).type, 'errors')
  assert.ok(shippedConfig.pingAttempts >= 1)
})
