import assert from 'node:assert/strict'
import { test } from 'node:test'

import * as fc from 'fast-check'

import { keyringEntrySchema, type KeyringEntry, type ResolvedSink } from '../../../../src/contract/keyring/entry.ts'
import { toStoredEntry } from '../../../../src/contract/keyring/newer-sinks.ts'
import { aSink } from '../../../support/builders/deliveries.ts'

const transform = { body: 'event.type', contentType: 'application/json', method: 'POST', headers: {} } as const
const http = { type: 'http', url: 'http://dead.ml.svc/', reach: 'cluster' } as const
const kafka = { type: 'kafka', topic: 'gwh.events.ml.{type}' } as const

function anEntry(sinks: ResolvedSink[], heldSinks?: string[]): KeyringEntry {
  const secrets = [{ keyId: '0123456789ab', secret: 'whsec_x' }]
  return { uid: 'u', namespace: 'ml', name: 'n', secrets, sinks, ...(heldSinks !== undefined && { heldSinks }) }
}

const throughTheSecret = (entry: KeyringEntry) =>
  keyringEntrySchema.parse(JSON.parse(JSON.stringify(toStoredEntry(entry))))

test('an entry of sinks that all receivers know is stored as ever', () => {
  const entry = anEntry([aSink()], ['away'])
  assert.equal(toStoredEntry(entry), entry)
})

test('receivers that know no Kafka sink and no transform find nothing of them, and hold these sinks', () => {
  const entry = anEntry(
    [
      aSink({ name: 'topic', destination: kafka }),
      aSink(),
      aSink({ name: 'dead', deadLetter: kafka }),
      aSink({ name: 'chat', transform }),
      aSink({ name: 'told', deadLetter: http, deadLetterTransform: transform }),
    ],
    ['away'],
  )
  const { sinks, heldSinks, secrets } = toStoredEntry(entry)
  assert.deepEqual(
    sinks.map(({ name }) => name),
    ['worker'],
  )
  assert.deepEqual(heldSinks, ['away', 'topic', 'dead', 'chat', 'told'])
  assert.deepEqual(secrets, entry.secrets)
})

test('what was stored is what is read, in its order', () => {
  const kinds = fc.array(
    fc.constantFrom<Partial<ResolvedSink>>(
      {},
      { transform },
      { destination: kafka },
      { deadLetter: kafka },
      { deadLetter: http, deadLetterTransform: transform },
    ),
  )
  const held = fc.constantFrom<string[] | undefined>(undefined, ['away'])
  fc.assert(
    fc.property(kinds, held, (sinks, heldSinks) => {
      const entry = anEntry(
        sinks.map((sink, at) => aSink({ ...sink, name: `s${at}` })),
        heldSinks,
      )
      assert.deepEqual(throughTheSecret(entry), entry)
    }),
  )
})

test('a sink of a later version is held, and all else of its object is served', () => {
  const { newerSinks, ...stored } = toStoredEntry(
    anEntry([aSink({ name: 'chat', transform }), aSink(), aSink({ name: 'topic', destination: kafka })], ['away']),
  )
  assert.deepEqual(
    newerSinks?.map(({ needs }) => needs),
    [['transform'], ['kafka']],
  )
  const later = [
    { at: 0, needs: ['pubsub'], sink: aSink({ name: 'cloud', destination: { type: 'pubsub', topic: 't' } as never }) },
    {
      at: 1,
      needs: ['transform', 'compression'],
      sink: { ...aSink({ name: 'small', transform }), compression: 'gzip' },
    },
    // Without a word on what it needs, by its form alone.
    { at: 2, sink: { name: 'odd' } },
  ]
  const written = {
    ...stored,
    heldSinks: [...(stored.heldSinks ?? []), 'cloud', 'small', 'odd'],
    newerSinks: [
      ...later,
      ...(newerSinks ?? []).map(({ at, ...each }) => Object.assign(each, { at: at + later.length })),
    ],
  }
  const { sinks, heldSinks } = keyringEntrySchema.parse(JSON.parse(JSON.stringify(written)))
  assert.deepEqual(
    sinks.map(({ name }) => name),
    ['chat', 'worker', 'topic'],
    'in their order, as if those that are held stood elsewhere',
  )
  assert.deepEqual(heldSinks, ['away', 'cloud', 'small', 'odd'])
})
