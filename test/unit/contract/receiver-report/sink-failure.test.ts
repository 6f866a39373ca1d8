import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

import { explainSinkFailure, isKnownCause } from '../../../../src/contract/receiver-report/sink-failure.ts'

test('every cause that a sink or the dispatcher names has words of its own', () => {
  const causes = globSync('src/{sinks,dispatcher}/*.ts').flatMap((file) => {
    const text = readFileSync(file, 'utf8')
    const inPlace = [...text.matchAll(/(?:cause: |retryable\(|=> retryable\()'([A-Za-z]+)'/g)]
    const chosen = [...text.matchAll(/cause = .*\? '([A-Za-z]+)' : '([A-Za-z]+)'/g)]
    const union = file.endsWith('failure-cause.ts') ? [...text.matchAll(/^ {2}\| '([A-Za-z]+)'/gm)] : []
    return [...inPlace, ...chosen, ...union].flatMap(([, ...names]) => names)
  })
  assert.ok(causes.length >= 20, String(causes.length))
  for (const cause of [...causes, 'unsendable', 'unauthorized']) assert.ok(isKnownCause(cause), cause)
})

test('a failure is told in words with the status; what is not known is told in general, never repeated', () => {
  assert.equal(explainSinkFailure({ cause: 'status', status: 503 }), 'it answers with an error (503)')
  assert.equal(explainSinkFailure({ cause: 'tls' }), 'TLS fails, or its certificate is not accepted')
  for (const cause of ['toString', 'http://10.0.0.1', '']) assert.equal(explainSinkFailure({ cause }), 'attempts fail')
})
