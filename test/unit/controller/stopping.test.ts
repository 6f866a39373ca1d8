import assert from 'node:assert/strict'
import { test } from 'node:test'

import { makeCall } from '../../../src/controller/apply/actions/make-call.ts'
import type { PassContext } from '../../../src/controller/apply/pass-context.ts'
import { Memory } from '../../../src/controller/memory/memory.ts'
import type { RemoteAccess } from '../../../src/controller/observe/context.ts'
import { FailedCall } from '../../../src/controller/facts/failure-class.ts'
import { listFor } from '../../../src/controller/observe/observe-remote.ts'
import { RemoteObserver } from '../../../src/controller/observe/remote-observer.ts'
import type { WebhookService } from '../../../src/gemini/webhook-service.ts'
import { aWebhook } from '../../support/builders/a-webhook.ts'
import { identity } from '../../support/builders/an-observation.ts'
import { FakeClock, settle } from '../../support/doubles/fake-clock.ts'

const withoutWorker = <T>(wait: () => Promise<T>) => wait()

function aPass() {
  const clock = new FakeClock()
  const leading = new AbortController()
  const memory = new Memory(aWebhook().build(), clock)
  memory.announced('a1')
  const observer = new RemoteObserver({ clock, maxAgeMs: 600_000, credentialsRetryMs: 900_000 })
  const pass = { clock, signal: leading.signal, memory, observer, withoutWorker } as unknown as PassContext
  return { leading, pass }
}

test('once told to stop, no call that an intent announces is begun, and the intent stays one whose call was not made', async () => {
  const { leading, pass } = aPass()
  leading.abort()
  let calls = 0
  const call = () => Promise.resolve((calls += 1))
  await assert.rejects(makeCall(pass, call), FailedCall)
  assert.equal(calls, 0)
  assert.equal(pass.memory.view.intent?.call, 'notMade')
  assert.equal(pass.memory.view.lastMutationMs, undefined)
})

test('a call that has begun is finished', async () => {
  const { leading, pass } = aPass()
  const answer = Promise.withResolvers<string>()
  const called = makeCall(pass, () => answer.promise)
  leading.abort()
  answer.resolve('created')
  assert.equal(await called, 'created')
  assert.equal(pass.memory.view.intent?.call, 'answered')
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
