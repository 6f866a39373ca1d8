import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  act,
  afterFailure,
  idle,
  isAnswer,
  restMs,
  stall,
  waitMs,
  type Plan,
} from '../../../../src/controller/plan/result.ts'
import { aFailure } from '../../../support/builders/an-observation.ts'

const about = { type: 'InSync', status: 'False' } as const

const answers: { name: string; plan: Plan; want: boolean; because: string }[] = [
  { name: 'rest', plan: idle(), want: true, because: 'everything was looked at' },
  { name: 'rest until a time', plan: idle({ type: 'after', delayMs: 9 }), want: true, because: 'nothing is left now' },
  { name: 'a stall', plan: stall('InvalidSpec', 'no'), want: true, because: 'only somebody else can do more' },
  {
    name: 'a failure that rests',
    plan: restMs(9, 'CheckPending', 'later'),
    want: true,
    because: 'what was asked for was done, and failed',
  },
  { name: 'a wait', plan: waitMs(9, 'CheckPending', 'soon'), want: false, because: 'its outcome is still to come' },
  { name: 'a step', plan: act([], 'Progressing', 'on it'), want: false, because: 'another pass follows' },
  {
    name: 'a step of an object at rest',
    plan: idle({ type: 'now' }),
    want: false,
    because: 'another pass follows whatever it is called',
  },
  { name: 'a retry', plan: idle({ type: 'retry' }), want: false, because: 'a look that failed is none' },
  {
    name: 'progress without a time',
    plan: { ...act([], 'Progressing', 'on it'), next: { type: 'resync' } },
    want: false,
    because: 'something is still to come',
  },
]

for (const { name, plan, want, because } of answers) {
  test(`${name} ${want ? 'answers' : 'does not answer'} a request to look`, () =>
    assert.equal(isAnswer(plan), want, because))
}

const failures = [
  { of: 'terminal', type: 'Stalled', condition: about, next: { type: 'resync' } },
  { of: 'refused', type: 'Stalled', condition: about, next: { type: 'retry' } },
  {
    of: 'credentials',
    type: 'Stalled',
    condition: { type: 'CredentialsValid', status: 'False' },
    next: { type: 'after', delayMs: 7, spread: true },
  },
  { of: 'transient', type: 'Progressing', condition: about, next: { type: 'retry' } },
] as const

for (const { of, next, ...tells } of failures) {
  test(`a failure that is ${of} is ${tells.type} and looked at again by ${next.type}`, () => {
    assert.deepEqual(afterFailure(aFailure({ class: of }), 7, about), {
      actions: [],
      finding: { ...tells, reason: 'RemoteUnavailable', message: 'Google is away' },
      next,
    })
  })
}

test('a pause that Google asks for is told without its length, which changes with every look', () => {
  const { message } = afterFailure(aFailure({ reason: 'RateLimited', message: 'again in 17 s' }), 7).finding
  assert.match(message, /asked for a pause/)
  assert.doesNotMatch(message, /17/)
})

test('a wait and a rest that are over last a millisecond all the same', () => {
  assert.deepEqual(waitMs(-5, 'CheckPending', 'soon').next, { type: 'after', delayMs: 1 })
  assert.deepEqual(restMs(-5, 'CheckPending', 'later').next, { type: 'after', delayMs: 1, rests: true })
})
