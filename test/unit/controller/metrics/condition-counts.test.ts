import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { ConditionCounts } from '../../../../src/controller/metrics/condition-counts.ts'

const into = (counts: Map<string, number>) => ({
  set: (value: number, labels: Record<string, string> = {}) => void counts.set(Object.values(labels).join(' '), value),
})

function startCounts() {
  const values = new Map<string, number>()
  const reasons = new Map<string, number>()
  const counted = new ConditionCounts({ conditions: into(values), falseConditions: into(reasons) })
  return { counted, values: () => Object.fromEntries(values), reasons: () => Object.fromEntries(reasons) }
}

const withReady = (status: string, reason = 'Progressing') =>
  ({ status: { conditions: [{ type: 'Ready', status, reason }] } }) as GeminiWebhook
const unjudged = {} as GeminiWebhook

test('objects are counted by condition and status as they come, change and go', () => {
  const { counted, values } = startCounts()
  counted.observe({ type: 'added', object: withReady('False') })
  counted.observe({ type: 'added', object: withReady('True') })
  assert.deepEqual(values(), { 'Ready False': 1, 'Ready True': 1 })
  counted.observe({ type: 'updated', object: withReady('True'), previous: withReady('False') })
  assert.deepEqual(values(), { 'Ready False': 0, 'Ready True': 2 })
  counted.observe({ type: 'deleted', object: withReady('True') })
  assert.deepEqual(values(), { 'Ready False': 0, 'Ready True': 1 })
})

test('an object without conditions counts nowhere until it has some', () => {
  const { counted, values } = startCounts()
  counted.observe({ type: 'added', object: unjudged })
  assert.deepEqual(values(), {})
  counted.observe({ type: 'updated', object: withReady('Unknown'), previous: unjudged })
  assert.deepEqual(values(), { 'Ready Unknown': 1 })
})

test('what is False is counted by reason too, and no longer under a former one', () => {
  const { counted, reasons } = startCounts()
  const refused = withReady('False', 'CredentialsRejected')
  counted.observe({ type: 'added', object: refused })
  counted.observe({ type: 'added', object: withReady('True', 'Succeeded') })
  assert.deepEqual(reasons(), { 'Ready CredentialsRejected': 1 })
  counted.observe({ type: 'updated', object: withReady('False', 'Suspended'), previous: refused })
  assert.deepEqual(reasons(), { 'Ready CredentialsRejected': 0, 'Ready Suspended': 1 })
})
