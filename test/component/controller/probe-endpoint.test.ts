import assert from 'node:assert/strict'
import { test } from 'node:test'

import { systemClock } from '../../../src/clock.ts'
import { createEndpointProbe } from '../../../src/controller/observe/probe-endpoint.ts'
import { verifies } from '../../support/worlds/controller-fixture.ts'
import { startEndpoint, startTlsEndpoint } from '../../support/worlds/simulator.ts'

const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const path = '/v1/s/ml/batch-events'

function startProbe(t: { after: (end: () => Promise<void>) => void }, options: object = {}) {
  const endpointProbe = createEndpointProbe({ clock: systemClock, random: Math.random, ...options })
  t.after(() => endpointProbe.close())
  return endpointProbe.probe
}

test('a probe is a delivery that verifies, of a type that no sink gets', async (t) => {
  const endpoint = await startEndpoint(t)
  assert.deepEqual(await startProbe(t)({ url: endpoint.origin + path, secret }), { healthy: true })
  const [received] = endpoint.received
  assert.ok(received)
  assert.equal(received.path, path)
  assert.equal(verifies(secret, received.headers, received.body), true)
  assert.equal((JSON.parse(received.body.toString()) as { type: string }).type, 'ping')
})

for (const { answer, want } of [
  { answer: 401, want: { healthy: false, cause: 'Answer', status: 401 } },
  { answer: 302, want: { healthy: false, cause: 'Answer', status: 302 } },
  { answer: 'cut', want: { healthy: false, cause: 'Connection' } },
  { answer: 'hang', want: { healthy: false, cause: 'Timeout' } },
] as const) {
  test(`an endpoint that answers ${answer} is not well`, async (t) => {
    const endpoint = await startEndpoint(t)
    endpoint.state.answer = answer
    endpoint.state.headers = { location: `${endpoint.origin}/elsewhere` }
    assert.deepEqual(await startProbe(t, { timeoutMs: 200 })({ url: endpoint.origin + path, secret }), want)
    assert.equal(endpoint.received.length, 1, 'no redirect is followed')
  })
}

test('a certificate that is not trusted, a port where nobody listens, and a secret that is none', async (t) => {
  const { origin } = await startTlsEndpoint(t)
  const probe = startProbe(t)
  assert.deepEqual(await probe({ url: origin + path, secret }), { healthy: false, cause: 'Tls' })
  assert.deepEqual(await probe({ url: `http://127.0.0.1:1${path}`, secret }), { healthy: false, cause: 'Connection' })
  assert.deepEqual(await probe({ url: origin + path, secret: 'nonsense' }), { healthy: false, cause: 'Answer' })
})
