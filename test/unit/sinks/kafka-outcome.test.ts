import assert from 'node:assert/strict'
import { test } from 'node:test'

import {
  AuthenticationError,
  MultipleErrors,
  NetworkError,
  ProtocolError,
  TimeoutError,
  UserError,
} from '@platformatic/kafka'

import { outcomeOfKafkaError } from '../../../src/sinks/kafka-outcome.ts'
import type { SendOutcome } from '../../../src/sinks/port.ts'

const retryable = (cause: string): SendOutcome => ({ type: 'retryable', cause })
const permanent = (cause: string): SendOutcome => ({ type: 'permanent', cause })
const unauthorized: SendOutcome = { type: 'unauthorized' }

/** As the client hands them over: wrapped, and with those of earlier tries. */
const wrapped = (...errors: Error[]) => new MultipleErrors('produce failed 2 times.', errors)
const refused = (code: string) => Object.assign(new Error('connect 10.1.2.3'), { code })

const cases: readonly [name: string, error: unknown, outcome: SendOutcome, isRefusal: boolean][] = [
  ['a record beyond the largest', wrapped(new ProtocolError('MESSAGE_TOO_LARGE')), permanent('tooLarge'), true],
  ['a batch beyond the largest', new ProtocolError('RECORD_LIST_TOO_LARGE'), permanent('tooLarge'), true],
  ['a record against a rule of the topic', new ProtocolError('INVALID_RECORD'), permanent('refused'), true],
  ['a topic that the user may not write to', new ProtocolError('TOPIC_AUTHORIZATION_FAILED'), unauthorized, true],
  ['a user who may do nothing', new ProtocolError('CLUSTER_AUTHORIZATION_FAILED'), unauthorized, true],
  ['a topic that nobody has made', new UserError('Unknown topic x.'), retryable('unknownTopic'), true],
  ['a topic that is none', new ProtocolError('INVALID_TOPIC_EXCEPTION'), retryable('forbiddenTopic'), true],
  ['too few copies', wrapped(new ProtocolError('NOT_ENOUGH_REPLICAS')), retryable('refusedByBroker'), true],
  [
    'a wrong password',
    wrapped(new NetworkError('failed', { cause: new AuthenticationError('no', { cause: new Error('x') }) })),
    unauthorized,
    false,
  ],
  [
    'nobody listens',
    wrapped(new NetworkError('x', { cause: refused('ECONNREFUSED') })),
    retryable('connectionRefused'),
    false,
  ],
  [
    'another certificate',
    new NetworkError('x', { cause: refused('UNABLE_TO_VERIFY_LEAF_SIGNATURE') }),
    retryable('tls'),
    false,
  ],
  ['no answer', new TimeoutError('x'), retryable('timeout'), false],
  ['a broker that is gone', new NetworkError('Connection closed'), retryable('connection'), false],
  ['a file that is gone', refused('ENOENT'), retryable('connection'), false],
  ['no error at all', 'x', retryable('connection'), false],
]

for (const [name, error, outcome, isRefusal] of cases) {
  test(name, () => assert.deepEqual(outcomeOfKafkaError(error), { outcome, isRefusal }))
}

test("errors that are each other's cause have an end", () => {
  const error = new Error('x')
  error.cause = error
  assert.deepEqual(outcomeOfKafkaError(error).outcome, retryable('connection'))
})
