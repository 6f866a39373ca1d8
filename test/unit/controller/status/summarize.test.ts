import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isDocumented } from '../../../../src/api/reasons.ts'
import { maxConditionMessageLength, type Condition, type GeminiWebhookStatus } from '../../../../src/api/status.ts'
import { checkPendingMessage } from '../../../../src/controller/facts/endpoint-proof.ts'
import type { Finding } from '../../../../src/controller/plan/result.ts'
import { summarize } from '../../../../src/controller/status/summarize.ts'
import { aWebhook, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import { anObservation, proof, remoteName, type ObservationBuilder } from '../../../support/builders/an-observation.ts'

const nowMs = Date.parse('2026-11-21T12:00:00Z')
const earlier = '2026-11-21T11:00:00Z'
const atRest: Finding = { type: 'AtRest', reason: 'Succeeded', message: '' }
const working: Finding = { type: 'Progressing', reason: 'UpdatePending', message: 'at work' }
const blocked: Finding = { type: 'Stalled', reason: 'RemoteRejected', message: 'Google refuses it' }
const rested = aWebhook().registered({ checkedSpec: proof, name: remoteName })
const notAsked = anObservation().with({ remote: { state: 'notAsked' } })
const missingService = { reason: 'SinkInvalid', message: 'no Service', blocksRegistration: false } as const
const unresolved = anObservation().with({ sinks: { resolved: [], held: [], status: [], problem: missingService } })

interface Given {
  webhook?: WebhookBuilder
  observed?: ObservationBuilder
  finding?: Finding
  draft?: GeminiWebhookStatus
}

function statusOf({ webhook = rested, observed = anObservation(), finding = atRest, draft }: Given) {
  const object = webhook.build()
  const state = { webhook: object, observed: observed.build(), draft: draft ?? object.status ?? {}, events: [] }
  return summarize(state, { finding, nowMs })
}

/** By type; the closed list of reasons holds for all of them. */
function conditionsOf(given: Given): Map<string, Condition> {
  const { conditions = [] } = statusOf(given)
  for (const condition of conditions) assert.ok(isDocumented(condition), JSON.stringify(condition))
  return new Map(conditions.map((condition) => [condition.type, condition]))
}

/** What the summaries say, those alone that are there. */
function summaries(given: Given): Record<string, [status: string, reason: string, message: string]> {
  const conditions = conditionsOf(given)
  return Object.fromEntries(
    ['Ready', 'Reconciling', 'Stalled'].flatMap((type) => {
      const condition = conditions.get(type)
      return condition === undefined ? [] : [[type, [condition.status, condition.reason, condition.message]]]
    }),
  )
}

const inPlace = 'everything that the spec asks for is in place'
const operation = { type: 'Create', attemptID: 'a', startTime: earlier } as const
const checking = rested.status({ check: { attemptID: 'c', startTime: earlier } })
const external = rested.spec({ endpoint: { url: 'https://mine.example.com/x' } })
const suspended = { reason: 'Suspended', message: 'spec.suspend is true: no calls to Google are made' }
const cases: { name: string; given: Given; says: ReturnType<typeof summaries> }[] = [
  { name: 'all is well: Ready alone', given: {}, says: { Ready: ['True', 'Succeeded', inPlace] } },
  {
    name: 'what was not asked to be proven is told with Ready',
    given: { webhook: rested.spec({ endpointCheck: 'Never' }) },
    says: { Ready: ['True', 'Succeeded', `${inPlace}; unproven: spec.endpointCheck is Never`] },
  },
  {
    name: 'a part that is ignored is told with Ready',
    given: { webhook: rested.spec({ rotation: { windows: [{ cron: '0 2 * * *', duration: '1h' }] } }) },
    says: {
      Ready: ['True', 'Succeeded', `${inPlace}, but for the part that the condition PartIgnored names`],
    },
  },
  {
    name: 'work on what is well does not take Ready away',
    given: { finding: working },
    says: { Ready: ['True', 'Succeeded', inPlace], Reconciling: ['True', 'UpdatePending', 'at work'] },
  },
  {
    name: 'a pass that ends with an open check says what the passes that wait for it say',
    given: { webhook: checking, finding: working },
    says: { Ready: ['True', 'Succeeded', inPlace], Reconciling: ['True', 'CheckPending', checkPendingMessage] },
  },
  {
    name: 'a call that is under way is told before the check',
    given: { webhook: checking.status({ operation }), finding: working },
    says: { Ready: ['True', 'Succeeded', inPlace], Reconciling: ['True', 'UpdatePending', 'at work'] },
  },
  {
    name: 'an open check hides nothing that somebody has to see to',
    given: { webhook: checking, finding: blocked },
    says: {
      Ready: ['False', 'RemoteRejected', 'Google refuses it'],
      Stalled: ['True', 'RemoteRejected', 'Google refuses it'],
    },
  },
  {
    name: 'an open check of what rests is no work under way',
    given: { webhook: checking },
    says: { Ready: ['True', 'Succeeded', inPlace] },
  },
  {
    name: 'where two things are wrong, the one that stalls explains Ready',
    given: { observed: unresolved, finding: blocked },
    says: {
      Ready: ['False', 'RemoteRejected', 'Google refuses it'],
      Stalled: ['True', 'RemoteRejected', 'Google refuses it'],
    },
  },
  {
    name: 'work goes on beside what somebody has to see to',
    given: { observed: unresolved, finding: working },
    says: { Ready: ['False', 'SinkInvalid', 'no Service'], Reconciling: ['True', 'UpdatePending', 'at work'] },
  },
  {
    name: 'that it is suspended comes before all that is wrong',
    given: { webhook: rested.spec({ suspend: true }), observed: unresolved },
    says: {
      Ready: ['False', suspended.reason, suspended.message],
      Stalled: ['True', suspended.reason, suspended.message],
    },
  },
  {
    name: 'what is being deleted is not Ready, however well it is',
    given: { webhook: rested.deleting(), finding: working },
    says: { Ready: ['False', 'Deleting', 'at work'], Reconciling: ['True', 'UpdatePending', 'at work'] },
  },
  {
    name: 'a deletion that waits for people says why',
    given: { webhook: rested.deleting(), finding: blocked },
    says: {
      Ready: ['False', 'RemoteRejected', 'Google refuses it'],
      Stalled: ['True', 'RemoteRejected', 'Google refuses it'],
    },
  },
  {
    name: 'a deletion is told before suspension, and rests as neither',
    given: { webhook: rested.deleting().spec({ suspend: true }) },
    says: { Ready: ['False', 'Deleting', ''] },
  },
  {
    name: 'a reason that the list does not know for Stalled is told as a fault of the spec',
    given: { finding: { ...blocked, reason: 'Missing' } },
    says: { Ready: ['False', 'Missing', 'Google refuses it'], Stalled: ['True', 'InvalidSpec', 'Google refuses it'] },
  },
  {
    name: 'one that it does not know for Ready or for work is told as progress',
    given: { webhook: rested.deleting(), finding: { ...working, reason: 'NotRequired' } },
    says: { Ready: ['False', 'Deleting', 'at work'], Reconciling: ['True', 'Progressing', 'at work'] },
  },
  {
    name: 'nor does a Stalled reason that Ready cannot say',
    given: { finding: { ...blocked, reason: 'NotRequired' } },
    says: {
      Ready: ['False', 'Progressing', 'Google refuses it'],
      Stalled: ['True', 'InvalidSpec', 'Google refuses it'],
    },
  },
  {
    name: 'an endpoint of their own is told as unproven',
    given: {
      webhook: external,
      observed: anObservation()
        .with({ endpoint: { state: 'external', url: 'https://mine.example.com/x' } })
        .withRemote({ uri: 'https://mine.example.com/x' }),
    },
    says: {
      Ready: [
        'True',
        'Succeeded',
        `${inPlace}; unproven: spec.endpoint.url is a server of your own: what arrives there cannot be seen from here`,
      ],
    },
  },
]
for (const { name, given, says } of cases) {
  test(name, () => assert.deepEqual(summaries(given), says))
}

test('the plan decides the one condition that its finding is about, and Ready follows it', () => {
  const finding: Finding = { ...blocked, condition: { type: 'Registered', status: 'False' } }
  const { lastTransitionTime: _at, ...registered } = conditionsOf({ finding }).get('Registered') ?? assert.fail()
  assert.deepEqual(registered, {
    type: 'Registered',
    status: 'False',
    reason: 'RemoteRejected',
    message: 'Google refuses it',
    observedGeneration: 1,
  })
  const unseen = conditionsOf({ finding: { ...working, condition: { type: 'InSync', status: 'False' } } })
  assert.deepEqual([unseen.get('Ready')?.reason, unseen.get('Ready')?.message], ['UpdatePending', 'at work'])
  assert.equal(conditionsOf({ finding: blocked }).get('Registered')?.status, 'True', 'without one it decides none')
})

test('a message is cut at what a condition can hold', () => {
  const message = 'x'.repeat(maxConditionMessageLength + 1)
  const stalled = conditionsOf({ finding: { ...blocked, message } }).get('Stalled')
  assert.equal(stalled?.message, 'x'.repeat(maxConditionMessageLength))
})

/** What a pass before said about a generation. */
function said(type: Condition['type'], changes: Partial<Condition> = {}): Condition {
  const rest = { status: 'True', reason: 'Succeeded', message: 'said before', observedGeneration: 1 } as const
  return { ...rest, lastTransitionTime: earlier, ...changes, type }
}
const kept = ['CredentialsValid', 'Registered', 'SecretAvailable', 'InSync', 'Enabled', 'EndpointVerified'] as const
const editedAfter = (...conditions: Condition[]) => rested.metadata({ generation: 2 }).status({ conditions })
const readyOf = (given: Given) => {
  const { status, reason, message, observedGeneration } = conditionsOf(given).get('Ready') ?? assert.fail()
  return { status, reason, message, observedGeneration, whole: statusOf(given).observedGeneration }
}

test('after an edit that Google could not be asked about, Ready stays what it was of the older generation', () => {
  const webhook = editedAfter(said('Ready'), ...kept.map((type) => said(type)))
  assert.deepEqual(readyOf({ webhook, observed: notAsked }), {
    status: 'True',
    reason: 'Succeeded',
    message: inPlace,
    observedGeneration: 1,
    whole: 1,
  })
  assert.equal(conditionsOf({ webhook, observed: notAsked }).get('SinksResolved')?.observedGeneration, 2)
  assert.equal(conditionsOf({ webhook, observed: notAsked }).get('InSync')?.observedGeneration, 1)
})

const notCompared = 'the spec was not compared with Google yet'
const unready: { name: string; before: Condition[]; finding: Finding; says: [reason: string, message: string] }[] = [
  {
    name: 'it was not',
    before: [said('Ready', { status: 'False' })],
    finding: atRest,
    says: ['Progressing', notCompared],
  },
  { name: 'nothing is known of it', before: [], finding: atRest, says: ['Progressing', notCompared] },
  { name: 'work is under way', before: [], finding: working, says: ['UpdatePending', 'at work'] },
]
for (const { name, before, finding, says } of unready) {
  test(`what was not compared since an edit does not become Ready by that: ${name}`, () => {
    const webhook = editedAfter(...before, ...kept.map((type) => said(type)))
    const [reason, message] = says
    assert.deepEqual(readyOf({ webhook, observed: notAsked, finding }), {
      status: 'False',
      reason,
      message,
      observedGeneration: 2,
      whole: 2,
    })
  })
}

test('what failed of an older generation explains Ready of that generation', () => {
  const drifted = said('InSync', { status: 'False', reason: 'Drifted', message: 'uri' })
  const webhook = editedAfter(...kept.map((type) => said(type)).filter(({ type }) => type !== 'InSync'), drifted)
  const ready = { status: 'False', reason: 'Drifted', message: 'uri', observedGeneration: 1, whole: 1 }
  assert.deepEqual(readyOf({ webhook, observed: notAsked }), ready)
})

test('a reason that an older version wrote is not kept, since nobody knows it any more', () => {
  const webhook = editedAfter(said('InSync', { reason: 'LongGone' as never, message: 'gone' }))
  assert.deepEqual(conditionsOf({ webhook, observed: notAsked }).get('InSync')?.reason, 'Progressing')
})

test('a condition keeps the time of its change while its status does, and those of the object count before those of the draft', () => {
  const older = [
    said('Registered'),
    said('Stalled', { reason: 'RemoteRejected' }),
    said('Reconciling'),
    said('PartIgnored'),
  ]
  const conditions = conditionsOf({
    webhook: rested.status({ conditions: older }),
    draft: { ...rested.build().status, conditions: [] },
  })
  assert.equal(conditions.get('Registered')?.lastTransitionTime, earlier)
  assert.equal(conditions.get('InSync')?.lastTransitionTime, '2026-11-21T12:00:00Z')
  assert.deepEqual(
    ['Stalled', 'Reconciling', 'PartIgnored'].filter((type) => conditions.has(type)),
    [],
    'over',
  )
  const fromDraft = conditionsOf({ draft: { ...rested.build().status, conditions: older } })
  assert.equal(fromDraft.get('Registered')?.lastTransitionTime, earlier)
})
