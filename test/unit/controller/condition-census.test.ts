import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../src/api/gemini-webhook.ts'
import { ConditionCensus } from '../../../src/controller/condition-census.ts'

function startCensus() {
  const values = new Map<string, number>()
  const census = new ConditionCensus({
    set: (value: number, labels: Record<string, string> = {}) =>
      void values.set(`${labels['type']} ${labels['status']}`, value),
  })
  return { census, values: () => Object.fromEntries(values) }
}

const withReady = (status: string) => ({ status: { conditions: [{ type: 'Ready', status }] } }) as GeminiWebhook
const unjudged = {} as GeminiWebhook

test('objects are counted by condition and status as they come, change and go', () => {
  const { census, values } = startCensus()
  census.observe({ type: 'added', object: withReady('False') })
  census.observe({ type: 'added', object: withReady('True') })
  assert.deepEqual(values(), { 'Ready False': 1, 'Ready True': 1 })
  census.observe({ type: 'updated', object: withReady('True'), previous: withReady('False') })
  assert.deepEqual(values(), { 'Ready False': 0, 'Ready True': 2 })
  census.observe({ type: 'deleted', object: withReady('True') })
  assert.deepEqual(values(), { 'Ready False': 0, 'Ready True': 1 })
})

test('an object without conditions counts nowhere until it has some', () => {
  const { census, values } = startCensus()
  census.observe({ type: 'added', object: unjudged })
  assert.deepEqual(values(), {})
  census.observe({ type: 'updated', object: withReady('Unknown'), previous: unjudged })
  assert.deepEqual(values(), { 'Ready Unknown': 1 })
})
