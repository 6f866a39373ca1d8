import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import type { ObservedWebhook, SetbackView } from '../../../../src/controller/facts/observed.ts'
import { planWebhook } from '../../../../src/controller/plan/plan.ts'
import { aWebhook, endpointUrl, remoteId } from '../../../support/builders/a-webhook.ts'
import { anObservation, aRemote, currentSecret, live, proof } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const config = { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' }
const why = 'POST webhooks answered 500'
const unregistered = aWebhook().finalized().build()
const wantsRotation = aWebhook()
  .registered({ checkedSpec: proof, name: aRemote().name ?? '' })
  .spec({ rotation: { request: { id: 'r-1' } } })
  .build()

function planOf(webhook: GeminiWebhook, observed: ObservedWebhook, setback: SetbackView) {
  return planWebhook(webhook, { ...observed, setback }, { config, nowMs })
}

test('a create that failed again and again waits for its pause, and says why and how to end it', () => {
  const observed = anObservation().unregistered().build()
  const plan = planOf(unregistered, observed, { operation: 'Create', remainingMs: 70_000, why })
  assert.deepEqual(plan.actions, [])
  assert.deepEqual(plan.next, { type: 'after', delayMs: 70_000, rests: true })
  assert.equal(plan.finding.reason, 'ProgressingWithRetry')
  assert.deepEqual(plan.finding.condition, { type: 'Registered', status: 'False' })
  assert.match(plan.finding.message, new RegExp(`15 minutes.*${reconcileRequestedAtAnnotation}.*${why}`))
})

test('while it waits its message does not change: no look writes status', () => {
  const observed = anObservation().unregistered().build()
  const [first, later] = [900_000, 1].map((remainingMs) =>
    planOf(unregistered, observed, { operation: 'Create', remainingMs, why }),
  )
  assert.deepEqual(first?.finding, later?.finding)
})

test('a rotation that failed again and again waits before its intent, so that receivers refuse as ever meanwhile', () => {
  const plan = planOf(wantsRotation, anObservation().build(), { operation: 'Rotate', remainingMs: 70_000, why })
  assert.deepEqual(plan.actions, [])
  assert.deepEqual(plan.next, { type: 'after', delayMs: 70_000, rests: true })
})

for (const [webhook, observed, other] of [
  [unregistered, anObservation().unregistered().build(), 'Rotate'],
  [wantsRotation, anObservation().build(), 'Create'],
] as const) {
  test(`what failed as ${other} holds nothing else back`, () => {
    const setback = { operation: other, remainingMs: 70_000, why }
    const expected = planWebhook(webhook, observed, { config, nowMs })
    assert.ok(expected.actions.some(({ type }) => type === 'RecordIntent'))
    assert.deepEqual(planOf(webhook, observed, setback), expected)
  })
}

test('drift, secrets and deletion go on while a call is held back', () => {
  const setback = { operation: 'Rotate', remainingMs: 70_000, why } as const
  const actionsOf = (webhook: GeminiWebhook, observed: ObservedWebhook) => planOf(webhook, observed, setback).actions
  const drifted = anObservation().withRemote({ uri: 'https://elsewhere.example.com' }).build()
  assert.deepEqual(actionsOf(wantsRotation, drifted), [
    { type: 'UpdateWebhook', id: remoteId, changes: { uri: endpointUrl }, field: 'uri', cause: 'Drift' },
  ])
  assert.deepEqual(actionsOf(wantsRotation, anObservation().withoutSecret().build()), [
    { type: 'StoreSecret', secrets: [live(currentSecret)], cause: 'Restored' },
  ])
  const { metadata } = aWebhook().deleting().build()
  assert.deepEqual(actionsOf({ ...wantsRotation, metadata }, anObservation().build()), [
    { type: 'DeleteWebhooks', ids: [remoteId], cause: 'Deletion' },
  ])
})

const held = (webhook: GeminiWebhook, observed: ObservedWebhook, operation: SetbackView['operation']) =>
  planOf(webhook, observed, { operation, remainingMs: 70_000, why }).finding

test('what is held back is named as the call that it is, and only a create is about the registration', () => {
  const rotation = held(wantsRotation, anObservation().build(), 'Rotate')
  assert.match(rotation.message, /^rotating failed several times/)
  assert.equal(rotation.condition, undefined)
  assert.match(held(unregistered, anObservation().unregistered().build(), 'Create').message, /^registering failed/)
})
