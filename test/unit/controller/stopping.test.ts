import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCall } from '../../../src/controller/apply/actions/make-call.ts'
import type { PassContext, RemoteAccess } from '../../../src/controller/observe/context.ts'
import { FailedCall } from '../../../src/controller/facts/failure-class.ts'
import { listFor } from '../../../src/controller/observe/observe-remote.ts'
import { RemoteObserver } from '../../../src/controller/observe/remote-observer.ts'
import type { WebhookService } from '../../../src/gemini/webhook-service.ts'
import { identity } from '../../support/an-observation.ts'
import { FakeClock, settle } from '../../support/fake-clock.ts'

const aside = <T>(wait: () => Promise<T>) => wait()

function aPass() {
  const clock = new FakeClock()
  const leading = new AbortController()
  const intent = { attemptID: 'a1', call: 'notMade', sinceMs: 0 } as const
  const recollection = { firstSightMs: 0, rush: 0, intent }
  const observer = new RemoteObserver({ clock, maxAgeMs: 600_000, credentialsRetryMs: 900_000 })
  const pass = { clock, signal: leading.signal, recollection, observer, aside } as unknown as PassContext
  return { leading, pass }
}

test('once told to stop, no call that an intent announces is begun, and the intent stays one whose call was not made', async () => {
  const { leading, pass } = aPass()
  leading.abort()
  let calls = 0
  const call = () => Promise.resolve((calls += 1))
  await assert.rejects(makeCall(pass, call), FailedCall)
  assert.equal(calls, 0)
  assert.equal(pass.recollection.intent?.call, 'notMade')
  assert.equal(pass.recollection.lastMutationMs, undefined)
})

test('a call that has begun is finished', async () => {
  const { leading, pass } = aPass()
  const answer = Promise.withResolvers<string>()
  const called = makeCall(pass, () => answer.promise)
  leading.abort()
  answer.resolve('created')
  assert.equal(await called, 'created')
  assert.equal(pass.recollection.intent?.call, 'answered')
})

test('who waits for a list is let go when the controller is told to stop', async () => {
  const { leading, pass } = aPass()
  const service = { list: () => new Promise(() => {}) } as unknown as WebhookService
  const access: RemoteAccess = { service, fingerprint: 'f', identity }
  const waiting = assert.rejects(listFor(access, {}, pass), /is stopping/)
  await settle()
  leading.abort()
  await waiting
})
