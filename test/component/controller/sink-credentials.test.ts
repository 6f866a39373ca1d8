import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { sinkCredentialsSecretType } from '../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../src/kubernetes/core-kinds.ts'
import { startControllerFixture, tenant } from '../../support/worlds/controller-fixture.ts'
import { eventually } from '../../support/measures/eventually.ts'

const name = 'batch-events'
const pem = (file: string) => readFileSync(`test/fixtures/tls/${file}.pem`, 'utf8').trim()

const encoded = (data: Record<string, string>) =>
  Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))

const generation = (n: 1 | 2) =>
  encoded({
    authorization: `Bearer ${n}`,
    'signing-secret': `whsec_${n}`,
    'ca.crt': pem(`authority-${n}.cert`),
    'tls.crt': pem(`client-${n}.cert`),
    'tls.key': pem(`client-${n}.key`),
  })

test('changed credentials of a sink reach the receivers at once: header, signing secret, authorities, certificate; and mistakes hold deliveries', async (t) => {
  const fixture = await startControllerFixture(t, { config: { resyncIntervalMs: 600_000 } })
  const key = { namespace: tenant, name: 'worker-credentials' }
  const put = async (data: Record<string, string>) => {
    const existing = await fixture.client.get<Secret>(secretKind, key)
    if (existing !== undefined) return fixture.client.replace<Secret>(secretKind, { ...existing, data })
    const secret = { apiVersion: 'v1', kind: 'Secret', type: sinkCredentialsSecretType, metadata: key, data }
    return fixture.client.create<Secret>(secretKind, secret)
  }
  await put(generation(1))
  await fixture.putApiKey()
  await fixture.startController()
  const ref = { name: key.name }
  const auth = { headersSecretRef: ref, signingSecretRef: ref, tlsSecretRef: ref }
  const { metadata } = await fixture.apply(name, { sinks: [{ name: 'worker', uri: 'https://worker.example/', auth }] })
  const entry = () => fixture.keyringEntry(metadata.uid)
  const untilGeneration = (n: 1 | 2) =>
    eventually(`receivers have generation ${n}`, async () => {
      const sink = (await entry())?.sinks[0]
      if (sink?.headers['authorization'] !== `Bearer ${n}`) return undefined
      assert.equal(sink.signingSecret, `whsec_${n}`)
      const destination = {
        type: 'http',
        url: 'https://worker.example/',
        reach: 'public',
        ca: pem(`authority-${n}.cert`),
      }
      assert.deepEqual(sink.destination, destination)
      assert.deepEqual(sink.clientCertificate, { cert: pem(`client-${n}.cert`), key: pem(`client-${n}.key`) })
      return true
    })
  await untilGeneration(1)
  await put(generation(2))
  await untilGeneration(2)

  await put({ ...generation(1), 'tls.key': generation(2)['tls.key'] ?? '' })
  const refused = await fixture.untilCondition(name, 'SinksResolved', { status: 'False', reason: 'SinkInvalid' })
  assert.match(
    fixture.conditionOf(refused, 'SinksResolved')?.message ?? '',
    /spec\.sinks\[worker\]\.auth\.tlsSecretRef: Secret worker-credentials: tls\.key is not the key of the certificate/,
  )
  await eventually('receivers hold', async () => (await entry())?.heldSinks?.includes('worker'))
  await put(generation(1))
  await untilGeneration(1)
  await fixture.untilCondition(name, 'SinksResolved', { status: 'True' })
})
