import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../../../src/api/names.ts'
import { isDocumented } from '../../../../src/api/reasons.ts'
import type { Condition } from '../../../../src/api/status.ts'
import type { ActionState } from '../../../../src/controller/apply/action-state.ts'
import { transitionEvents } from '../../../../src/controller/status/kubernetes-events.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import type { Finding } from '../../../../src/controller/plan/result.ts'
import type { ProbeView } from '../../../../src/controller/facts/probe.ts'
import { summarize } from '../../../../src/controller/status/summarize.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'
import { anObservation, marker, proof } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const atRest: Finding = { type: 'AtRest', reason: 'Succeeded', message: '' }
const rested = aWebhook().registered({ checkedSpec: proof, name: marker })
const unproven = aWebhook().registered({ name: marker })

function stateOf(webhook: GeminiWebhook, observed: ObservedWebhook): ActionState {
  return { webhook, observed, draft: webhook.status ?? {}, events: [] }
}

function conditionsOf(
  webhook: { build(): GeminiWebhook },
  observed: { build(): ObservedWebhook },
  finding: Finding = atRest,
) {
  const { conditions = [] } = summarize(stateOf(webhook.build(), observed.build()), { finding, nowMs })
  return new Map<string, Condition>(conditions.map((condition) => [condition.type, condition]))
}

const stale = 'whsec_staleestaleestaleestaleestaleecccc'
const believed = {
  conditions: [
    {
      type: 'SecretAvailable',
      status: 'True',
      reason: 'Succeeded',
      message: 'before',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-21T11:00:00Z',
    } satisfies Condition,
  ],
}
const secretOf = (webhook: typeof rested, observed: { build(): ObservedWebhook }) =>
  conditionsOf(webhook, observed).get('SecretAvailable')

test('a Secret is available when it is the one that fits the hint, whatever else is held that does', () => {
  assert.equal(secretOf(rested, anObservation())?.status, 'True')
  const inKeyringAlone = anObservation().withSecret({ secrets: { current: stale } })
  assert.equal(secretOf(rested, inKeyringAlone)?.status, 'False')
})

test('a rotation whose secret is not in the Secret takes it from the available ones, however it was planned', () => {
  const rotating = rested.status({
    ...believed,
    operation: { type: 'Rotate', attemptID: 'a', startTime: '2026-11-21T11:59:00Z', cause: 'Request' },
  })
  assert.equal(secretOf(rotating, anObservation())?.status, 'True', 'not made yet')
  const made = anObservation().withRemote({ signingSecrets: [{ truncatedSecret: 'whsec_...zzzz' }] })
  assert.equal(secretOf(rotating, made)?.reason, 'RotationInProgress')
  const observed = {
    ...made.build(),
    refusedWrites: [
      {
        type: 'StoreRevealedSecret',
        remainingMs: 1,
        failure: { class: 'refused', reason: 'RefusedByAPIServer', message: 'immutable', mayHaveCommitted: false },
      },
    ],
  } as const
  const refused = secretOf(rotating, { build: () => observed })
  assert.deepEqual([refused?.status, refused?.reason, refused?.message], ['False', 'RefusedByAPIServer', 'immutable'])
})

/** The same, and Google was not asked. */
const unseen = (builder: ReturnType<typeof anObservation>): { build(): ObservedWebhook } => ({
  build: () => ({ ...builder.build(), remote: { state: 'notAsked' } }),
})

test('while Google is not asked, what was true of a Secret stays true only as long as it is the same Secret', () => {
  const held = rested.status(believed).status({ signingSecret: { hint: 'whsec_...aaaa' } })
  assert.equal(secretOf(held, unseen(anObservation()))?.message, 'before')
  assert.equal(secretOf(held, unseen(anObservation().withSecret({ secrets: { current: stale } })))?.status, 'False')
  assert.equal(secretOf(held, unseen(anObservation().withSecret({ secrets: {} })))?.status, 'False')
})

const failures: { name: string; probe: ProbeView; reason: string; says: RegExp }[] = [
  {
    name: 'the name does not resolve',
    probe: { state: 'unhealthy', cause: 'Name', restingMs: 1 },
    reason: 'NameNotResolved',
    says: /DNS/,
  },
  {
    name: 'the certificate is not valid',
    probe: { state: 'unhealthy', cause: 'Tls', restingMs: 1 },
    reason: 'TLSFailed',
    says: /certificate/,
  },
  {
    name: 'there is no connection',
    probe: { state: 'unhealthy', cause: 'Connection', restingMs: 1 },
    reason: 'ConnectionFailed',
    says: /firewall/,
  },
  {
    name: 'no answer comes in time',
    probe: { state: 'unhealthy', cause: 'Timeout', restingMs: 1 },
    reason: 'ConnectionFailed',
    says: /in time/,
  },
  {
    name: 'something else answers',
    probe: { state: 'unhealthy', cause: 'Answer', status: 404, restingMs: 1 },
    reason: 'WrongAnswer',
    says: /answered 404 instead of 204/,
  },
  {
    name: 'our own request gets through and Google’s does not',
    probe: { state: 'healthy' },
    reason: 'NeverArrived',
    says: /special about Google/,
  },
  {
    name: 'nothing of our own was tried',
    probe: { state: 'none' },
    reason: 'NeverArrived',
    says: /check DNS, TLS, ingress and receivers/,
  },
]
for (const { name, probe, reason, says } of failures) {
  test(`pings that never came back are explained: ${name}`, () => {
    const failed = anObservation().withCheck({ restingMs: 60_000 }).with({ probe })
    const conditions = conditionsOf(unproven, failed)
    const verified = conditions.get('EndpointVerified')
    assert.deepEqual([verified?.status, verified?.reason], ['False', reason])
    assert.match(verified?.message ?? '', says)
    assert.deepEqual([conditions.get('Ready')?.status, conditions.get('Ready')?.reason], ['False', reason])
  })
}

test('an object that was never registered says so, and not that anything was sent', () => {
  const unregistered = anObservation().unregistered()
  const failing: Finding = { type: 'Progressing', reason: 'RemoteUnavailable', message: 'Google answered 500' }
  const endpoint = conditionsOf(aWebhook().finalized(), unregistered, failing).get('EndpointVerified')
  assert.deepEqual([endpoint?.status, endpoint?.reason], ['Unknown', 'CheckPending'])
  assert.match(endpoint?.message ?? '', /no webhook is registered/)
  assert.doesNotMatch(endpoint?.message ?? '', /ping/)

  // Also where an earlier pass had said something else, and once it is registered.
  const said = { ...endpoint, message: 'a ping was sent' } as Condition
  const again = conditionsOf(
    aWebhook()
      .finalized()
      .status({ conditions: [said] }),
    unregistered,
    failing,
  )
  assert.equal(again.get('EndpointVerified')?.message, endpoint?.message)
  const registered = conditionsOf(unproven.status({ conditions: [said] }), anObservation())
  assert.match(registered.get('EndpointVerified')?.message ?? '', /no signed ping of Google has come back/)
})

test('what an earlier request of our own explained stays when that is not at hand any more', () => {
  const failed = anObservation().withCheck({ restingMs: 60_000 })
  const told = conditionsOf(unproven, failed.with({ probe: { state: 'unhealthy', cause: 'Tls', restingMs: 1 } }))
  const later = conditionsOf(unproven.status({ conditions: [...told.values()] }), failed)
  assert.equal(later.get('EndpointVerified')?.reason, 'TLSFailed')
})

test('a look at Google that failed takes nothing back of what was proven about the endpoint', () => {
  const proven: Condition = {
    type: 'EndpointVerified',
    status: 'True',
    reason: 'Succeeded',
    message: 'a signed ping of Google came back through the endpoint',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-21T00:00:00Z',
  }
  const seen = conditionsOf(unproven.status({ conditions: [proven] }), anObservation().remoteFails())
  const { status, reason, message } = seen.get('EndpointVerified') ?? {}
  assert.deepEqual({ status, reason, message }, { status: 'True', reason: proven.reason, message: proven.message })
})

const waiting = { state: 'wait', canary: { namespace: 'ml', name: 'first', failed: false } } as const
const former = { uri: 'https://former.example.com/v1/s/ml/batch-events' }

test('who waits for a turn to move to a new base URL stays Ready, at rest and proven where it is', () => {
  const before = conditionsOf(rested, anObservation())
  const webhook = aWebhook()
    .registered({ checkedSpec: proof, name: marker, ...former })
    .status({ conditions: [...before.values()] })
  const observed = anObservation().withRemote(former).with({ rollout: waiting })
  const conditions = conditionsOf(webhook, observed)
  assert.deepEqual(
    ['Ready', 'InSync', 'EndpointVerified', 'Reconciling', 'Stalled'].map((type) => conditions.get(type)?.status),
    ['True', 'False', 'True', undefined, undefined],
  )
  assert.equal(conditions.get('InSync')?.reason, 'RolloutPending')
  const status = summarize(stateOf(webhook.build(), observed.build()), { finding: atRest, nowMs })
  assert.equal(status.endpoint?.url, former.uri, 'where Google delivers to')
})

test('a rollout excuses no other difference', () => {
  const remote = { ...former, subscribedEvents: ['batch.failed'] }
  const before = conditionsOf(rested, anObservation())
  const webhook = aWebhook()
    .registered({ checkedSpec: proof, name: marker, ...former })
    .status({ conditions: [...before.values()] })
    .spec({ driftPolicy: 'Report' })
  const conditions = conditionsOf(webhook, anObservation().withRemote(remote).with({ rollout: waiting }))
  assert.equal(conditions.get('InSync')?.reason, 'Drifted')
  assert.equal(conditions.get('Ready')?.status, 'False')
})

test('Ready says what is not asked to be proven', () => {
  const ready = conditionsOf(rested.spec({ endpointCheck: 'Never' }), anObservation()).get('Ready')
  assert.equal(ready?.status, 'True')
  assert.match(ready?.message ?? '', /unproven: spec\.endpointCheck is Never/)
})

test('the first condition that does not hold, in their order, explains Ready', () => {
  const observed = anObservation().with({ keyring: undefined }).withoutSecret().remoteFails()
  const conditions = conditionsOf(rested, observed.withoutKey())
  assert.equal(conditions.get('CredentialsValid')?.reason, 'SecretNotFound')
  assert.equal(conditions.get('Ready')?.reason, 'SecretNotFound')
})

test('conditions keep the time of their last change, and the same observation gives the same status', () => {
  const first = summarize(stateOf(rested.build(), anObservation().build()), { finding: atRest, nowMs })
  const webhook = rested.status(first).build()
  const again = summarize(stateOf(webhook, anObservation().build()), { finding: atRest, nowMs: nowMs + 3_600_000 })
  assert.deepEqual(again, first)
})

test('that dead letters were dropped is told for a day after the last, beside Ready, and told as an Event once', () => {
  const at = (lastDropTime: string) => rested.status({ delivery: { lastDropTime, pending: 0 } })
  const told = conditionsOf(at('2026-11-20T12:00:00Z'), anObservation())
  const drops = told.get('DeadLettersDropped')
  assert.equal(drops?.status, 'True')
  assert.equal(drops.reason, 'BoundReached')
  assert.match(drops.message, /2026-11-20T12:00:00Z/)
  assert.ok(isDocumented(drops))
  assert.deepEqual(told.get('Ready'), conditionsOf(rested, anObservation()).get('Ready'))

  const status = { conditions: [...told.values()] }
  const again = at('2026-11-21T12:00:00Z').status(status)
  const later = conditionsOf(again, anObservation())
  assert.equal(later.get('DeadLettersDropped')?.lastTransitionTime, drops.lastTransitionTime)
  const eventsOf = (before: typeof status | undefined, after: Map<string, Condition>) =>
    transitionEvents(before, { conditions: [...after.values()] }).map(({ type, reason }) => `${type} ${reason}`)
  assert.deepEqual(eventsOf(undefined, told), ['Warning DeadLettersDropped'])
  assert.deepEqual(eventsOf(status, later), [])

  const over = conditionsOf(at('2026-11-20T11:00:00Z').status(status), anObservation())
  assert.equal(over.get('DeadLettersDropped'), undefined)
})

/** An object whose spec was edited since everything about it was found to be well. */
function editedSince(ready: Pick<Condition, 'status' | 'reason'>) {
  const before = conditionsOf(rested, anObservation())
  const others = [...before.values()].filter(({ type }) => type !== 'Ready')
  const conditions = [{ ...before.get('Ready'), ...ready } as Condition, ...others]
  return rested
    .status({ conditions })
    .spec({ events: ['batch.failed'] })
    .metadata({ generation: 2 })
}

const away: Finding = { type: 'Progressing', reason: 'RemoteUnavailable', message: 'Google is away' }

test('what could not be looked at is about the spec that it was looked at for, and so is Ready', () => {
  const edited = editedSince({ status: 'True', reason: 'Succeeded' })
  const conditions = conditionsOf(edited, anObservation().remoteFails(), away)
  const told = (type: string) => [conditions.get(type)?.status, conditions.get(type)?.observedGeneration]
  for (const type of ['Ready', 'InSync', 'Enabled', 'SecretAvailable', 'EndpointVerified', 'CredentialsValid'])
    assert.deepEqual(told(type), ['True', 1], type)
  assert.deepEqual(told('SinksResolved'), ['True', 2])
  const { observedGeneration } = summarize(stateOf(edited.build(), anObservation().remoteFails().build()), {
    finding: away,
    nowMs,
  })
  assert.equal(observedGeneration, 1)
})

test('what was not Ready becomes so only by a look at the spec of now', () => {
  const resumed = editedSince({ status: 'False', reason: 'Suspended' })
  const ready = conditionsOf(resumed, anObservation().remoteFails(), away).get('Ready')
  assert.deepEqual([ready?.status, ready?.reason, ready?.observedGeneration], ['False', 'RemoteUnavailable', 2])
})

test('a look that was made is about the spec of now, whatever was known before', () => {
  const edited = editedSince({ status: 'True', reason: 'Succeeded' })
  const conditions = conditionsOf(edited, anObservation().withRemote({ subscribedEvents: ['batch.failed'] }))
  for (const [type, { observedGeneration }] of conditions) assert.equal(observedGeneration, 2, type)
  assert.equal(conditions.get('Ready')?.status, 'True')
})

test('a request to look is acknowledged only where Google was looked at and nothing is left to be done', () => {
  const asked = rested.metadata({ annotations: { [reconcileRequestedAtAnnotation]: 'now' } }).build()
  const acknowledged = (observed: { build(): ObservedWebhook }, isAnswered: boolean) =>
    summarize(stateOf(asked, observed.build()), { finding: atRest, nowMs, isAnswered }).lastHandledReconcileAt
  assert.equal(acknowledged(anObservation(), true), 'now')
  assert.equal(acknowledged(anObservation(), false), undefined)
  assert.equal(acknowledged(anObservation().remoteFails(), true), undefined)
  assert.equal(acknowledged(anObservation().with({ remote: { state: 'notAsked' } }), true), undefined)
})
