import assert from 'node:assert/strict'
import { test } from 'node:test'

import { knownEventTypes } from '../../../../src/api/names.ts'
import { cloudEvents } from '../../../../src/contract/consumers/cloud-events.ts'
import { geminiEventTypes } from '../../../../src/contract/consumers/gemini-events.ts'
import type { EventAttributes } from '../../../../src/sinks/event-attributes.ts'
import { eventBody, eventData, jobOutcomes, type JobType } from '../../../../playground/webhook-service/events.ts'
import { switchesSchema, type SwitchChanges } from '../../../../playground/webhook-service/switches.ts'
import { exampleRequest, formats } from '../../../../tools/consumers/example-requests.ts'
import type { EventSchema } from '../../../../tools/consumers/event-schema.ts'
import { generateEventSchemas } from '../../../../tools/generate-event-schemas.ts'
import type { ValueSchema } from '../../../../tools/value-schema.ts'
import { matchesSchema } from '../../../support/measures/matches-schema.ts'

const files = generateEventSchemas()
const schemaIn = (path: string) => JSON.parse(files[path] ?? '') as EventSchema
const events = schemaIn('docs/schemas/gemini-events.schema.json')
const wrapped = schemaIn('docs/schemas/cloud-events.schema.json')

/** With its references followed, in the words that the tests' validator knows. */
function flattened(schema: EventSchema, root = schema): ValueSchema {
  return JSON.parse(
    JSON.stringify(schema, (key, inner: unknown) => {
      if (key === '$defs') return undefined
      const { $ref, const: value, ...rest } = { ...(inner as EventSchema) }
      if ($ref !== undefined) return flattened(root.$defs?.[$ref.replace('#/$defs/', '')] ?? {}, root)
      return value === undefined || typeof inner !== 'object' ? inner : { ...rest, enum: [value] }
    }),
  ) as ValueSchema
}

const fitsEvents = (value: unknown) => matchesSchema(flattened(events), value)
const fitsCloudEvents = (value: unknown) => matchesSchema(flattened(wrapped), value)

test('there is a definition for every type that can be subscribed, and one for all others', () => {
  assert.deepEqual(geminiEventTypes.toSorted(), knownEventTypes.toSorted())
  for (const { $defs = {} } of [events, wrapped]) assert.deepEqual(Object.keys($defs), [...geminiEventTypes, 'other'])
})

test('every attribute that an event may carry is in the schema', () => {
  const sent: Record<keyof EventAttributes, true> = {
    id: true,
    source: true,
    type: true,
    subject: true,
    time: true,
    geminimode: true,
    deliveryattempt: true,
    replayed: true,
    deadletterreason: true,
    deadlettersink: true,
    deadletterattempts: true,
    deadlettercause: true,
    deadletterstatus: true,
    geminiroute: true,
    geminiorigin: true,
  }
  const ofTheFormat = ['specversion', 'datacontenttype']
  const { data: _, ...attributes } = cloudEvents['batch.succeeded'].shape
  assert.deepEqual(Object.keys(attributes).toSorted(), [...Object.keys(sent), ...ofTheFormat].toSorted())
})

const requests = geminiEventTypes.flatMap((type) => formats.map((format) => exampleRequest(type, format)))
for (const { type, format, body } of requests) {
  test(`what is sent of ${type} as ${format} fits its schema, which asks for the id of the job`, () => {
    const value = JSON.parse(body) as { type: string }
    const fits = format === 'CloudEventStructured' ? fitsCloudEvents : fitsEvents
    assert.ok(fits(value), body)
    assert.ok(!fits({ ...value, type: 1 }))
    assert.ok(!fits({ ...value, data: {} }), 'without the id of its job')
  })
}

const forms: SwitchChanges[] = [
  { videoFields: 'cookbook', outputFileUri: 'files', batchId: 'path' },
  { videoFields: 'other', userMetadataPlace: 'topLevel', userMetadataForm: 'object' },
  { userMetadataPlace: 'dataSnake', userMetadataForm: 'string' },
]

for (const changes of forms) {
  test(`whatever form Google gives its events (${JSON.stringify(changes)}), they fit`, () => {
    const switches = switchesSchema.parse(changes)
    const userMetadata = { team: 'search' }
    for (const [type, outcomes] of Object.entries(jobOutcomes) as [JobType, typeof jobOutcomes.batch][]) {
      for (const outcome of outcomes) {
        const data = eventData({ id: 'a', type, outcome, input: 'file', userMetadata }, switches)
        const event = { type: `${type}.${outcome}`, timestamp: '2026-11-21T11:59:58Z', data, userMetadata, switches }
        const body = Buffer.from(eventBody(event)).toString()
        assert.ok(fitsEvents(JSON.parse(body)), body)
      }
    }
  })
}

test('an event of a type that nobody knows yet fits, so that a worker that validates does not refuse it', () => {
  assert.ok(fitsEvents({ type: 'batch.paused', data: [1] }))
  assert.ok(fitsEvents({ type: 'unknown' }))
  const { body } = exampleRequest('batch.succeeded', 'CloudEventStructured')
  const known = JSON.parse(body) as { data: unknown }
  const { data: _, ...attributes } = known
  assert.ok(fitsCloudEvents({ ...attributes, type: 'com.google.gemini.unknown', data_base64: '/w==' }))
  assert.ok(!fitsCloudEvents({ ...attributes, data_base64: '/w==' }), 'of a known type the data is JSON')
})
