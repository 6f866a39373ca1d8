import assert from 'node:assert/strict'
import { test } from 'node:test'

import { traceStep } from '../../../src/dispatcher/trace-step.ts'
import type { NextStep } from '../../../src/inbox/port.ts'
import type { SpanEnd } from '../../../src/tracing/port.ts'
import { aClaim } from '../../support/builders/deliveries.ts'

async function endsOf(next: NextStep, isWritten: boolean): Promise<(SpanEnd | undefined)[]> {
  const ends: (SpanEnd | undefined)[] = []
  const start = () => ({ trace: '', end: (end?: SpanEnd) => ends.push(end) })
  const recorded = Promise.resolve(isWritten)
  traceStep({ start }, aClaim(), next, recorded)
  await recorded
  return ends
}

test('what is written down ends well, and a dead letter with its reason', async () => {
  assert.deepEqual(await endsOf({ type: 'Succeed' }, true), [{ failure: undefined }])
  assert.deepEqual(await endsOf({ type: 'DeadLetter', reason: 'Rejected' }, true), [{ failure: 'Rejected' }])
})

test('what could not be written down is a failure', async () => {
  assert.deepEqual(await endsOf({ type: 'Succeed' }, false), [{ failure: 'unrecorded' }])
})

test('what is only held leaves no span', async () => {
  assert.deepEqual(await endsOf({ type: 'Hold', untilMs: 1 }, true), [])
})
