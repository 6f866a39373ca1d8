import assert from 'node:assert/strict'
import { test } from 'node:test'

import { keyringEntrySchema, type Destination } from '../../../../src/contract/keyring/entry.ts'
import { shownAddress } from '../../../../src/contract/keyring/shown-address.ts'
import { aSink } from '../../../support/builders/deliveries.ts'

const secretUrl = 'https://hooks.example.com:8443/services/T000/B000?token=x'

const shown: { destination: Destination; address: string }[] = [
  { destination: { type: 'http', url: secretUrl, reach: 'public' }, address: secretUrl },
  {
    destination: { type: 'http', url: secretUrl, reach: 'public', isSecret: true },
    address: 'https://hooks.example.com:8443',
  },
  {
    destination: { type: 'http', url: 'http://h.example/secret', reach: 'public', isSecret: true },
    address: 'http://h.example',
  },
  { destination: { type: 'nats', subject: 'a.b', acknowledgedBy: 'Stream' }, address: 'nats:a.b' },
  { destination: { type: 'kubernetesEvent', maxPerHour: 60 }, address: 'events.k8s.io' },
]
for (const { destination, address } of shown) {
  test(`${JSON.stringify(destination)} is shown as ${address}`, () => assert.equal(shownAddress(destination), address))
}

const entry = (sink: object) => ({ uid: 'u', namespace: 'ml', name: 'n', secrets: [], sinks: [sink] })

test('a receiver reads entries with and without what is new, and what it does not know does not harm it', () => {
  const older = aSink({ deadLetter: { type: 'http', url: 'http://dead.example/', reach: 'public' } })
  assert.deepEqual(keyringEntrySchema.parse(entry(older)).sinks, [older])
  const newer = { ...older, deadLetterAuth: { headers: { authorization: 'Bearer d' }, signingSecret: 'whsec_d' } }
  assert.deepEqual(keyringEntrySchema.parse(entry(newer)).sinks, [newer])
  assert.deepEqual(keyringEntrySchema.parse(entry({ ...newer, tomorrow: 1 })).sinks, [newer])
})
