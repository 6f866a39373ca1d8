import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { silentLogger } from '../../../src/observability/logger.ts'
import { createMetrics } from '../../../src/observability/metrics.ts'
import { createJwksKeeper } from '../../../src/roles/create-jwks-keeper.ts'
import { eventually } from '../../support/measures/eventually.ts'

const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }

for (const [what, padding, outcome] of [
  ['as large as it may be is read', 60_000, 'ok'],
  ['larger than any set of keys is not parsed', 70_000, 'failed'],
] as const) {
  test(`an answer for public keys that is ${what}`, async (t) => {
    const metrics = createMetrics()
    const body = JSON.stringify({ keys: [key], padding: 'x'.repeat(padding) })
    const keeper = createJwksKeeper('https://keys.example/jwks.json', {
      clock: systemClock,
      random: Math.random,
      logger: silentLogger,
      metrics,
      fetch: () => Promise.resolve(new Response(body)),
    })
    t.after(() => keeper.stop())
    keeper.start()
    await eventually('a look', async () => {
      const { text } = await metrics.expose()
      return text.includes(`gwh_receiver_jwks_looks_total{outcome="${outcome}"} 1`)
    })
    assert.equal(keeper.keys?.ed25519.length, outcome === 'ok' ? 1 : undefined)
  })
}
