import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { Action } from '../../../../src/controller/facts/action.ts'
import { shippedConfig } from '../../../support/builders/shipped-config.ts'
import { planCheck } from '../../../../src/controller/plan/check.ts'
import { checkPendingMessage } from '../../../../src/controller/facts/endpoint-proof.ts'
import type { Plan } from '../../../../src/controller/plan/result.ts'
import { aWebhook, remoteId, type WebhookBuilder } from '../../../support/builders/a-webhook.ts'
import {
  anObservation,
  aRemote,
  attemptID,
  currentSecret,
  live,
  proof,
  type ObservationBuilder,
} from '../../../support/builders/an-observation.ts'

const ctx = {
  nowMs: Date.parse('2026-11-21T12:00:00Z'),
  config: { ...shippedConfig, namespace: 'gwh', baseUrl: 'https://hooks.example.com' },
}
const { receiverSeenWaitMs, pingRepeatMs, pingAttempts } = ctx.config
const remote = { webhook: aRemote(), owner: 'ours' as const, confirmed: false, confirmInMs: 0 }

const proven = aWebhook().registered({ checkedSpec: proof })
const unproven = aWebhook().registered()
const periodic = proven.spec({ endpointCheck: 'Periodic' })
const opened = (sent?: number) =>
  unproven.status({
    check: { attemptID, startTime: '2026-11-21T11:59:00Z', ...(sent !== undefined && { sent }) },
  })
const checkedAt = (lastCheckTime: string) => ({ delivery: { lastCheckTime } })
const keyID = live(currentSecret).keyId

const told = { type: 'Progressing', reason: 'CheckPending', message: checkPendingMessage } as const
const step = (...actions: Action[]): Plan => ({ actions, finding: told, next: { type: 'now' } })
const wait = (delayMs: number): Plan => ({ actions: [], finding: told, next: { type: 'after', delayMs } })
const quietly = (...actions: Action[]): Plan => ({
  actions,
  finding: { type: 'AtRest', reason: 'Succeeded', message: '' },
  next: { type: 'now' },
})
const ping: Action = { type: 'PingEndpoint', id: remoteId }

const cases: {
  name: string
  given: [WebhookBuilder, ObservationBuilder]
  want: Plan | undefined
  because: string
}[] = [
  {
    name: 'of an endpoint that was never proven begins',
    given: [unproven, anObservation()],
    want: step({ type: 'OpenCheck' }),
    because: 'nobody knows yet whether deliveries arrive',
  },
  {
    name: 'that failed a moment ago rests',
    given: [unproven, anObservation().withCheck({ restingMs: 1 })],
    want: undefined,
    because: 'the same attempt would fail again',
  },
  {
    name: 'of an object that has no status yet begins',
    given: [aWebhook().finalized(), anObservation()],
    want: step({ type: 'OpenCheck' }),
    because: 'nothing says that the endpoint was proven',
  },
  {
    name: 'that passed is not repeated unless the spec asks for it',
    given: [proven.status(checkedAt('2026-11-01T12:00:00Z')), anObservation()],
    want: undefined,
    because: 'the endpoint and the secret are those that were proven',
  },
  {
    name: 'is repeated the moment that its period is over',
    given: [periodic.status(checkedAt('2026-11-20T12:00:00Z')), anObservation()],
    want: step({ type: 'OpenCheck' }),
    because: 'a whole period has passed',
  },
  {
    name: 'is not repeated within its period',
    given: [periodic.status(checkedAt('2026-11-20T12:00:01Z')), anObservation()],
    want: undefined,
    because: 'a second of the period is left',
  },
  {
    name: 'whose time was never told is not repeated',
    given: [periodic, anObservation()],
    want: undefined,
    because: 'without a time no period can be over',
  },
  {
    name: 'without a secret that receivers know is not begun',
    given: [unproven, anObservation().withKeyring()],
    want: undefined,
    because: 'no receiver could verify the ping',
  },
  {
    name: 'whose secret receivers do not know any more is dropped',
    given: [opened(1), anObservation().withKeyring()],
    want: quietly({ type: 'AbandonCheck' }),
    because: 'no receiver could verify the ping',
  },
  {
    name: 'that is not wanted any more is dropped',
    given: [opened(1).spec({ endpointCheck: 'Never' }), anObservation()],
    want: quietly({ type: 'AbandonCheck' }),
    because: 'the spec says Never',
  },
  {
    name: 'passes with the echo of its own attempt',
    given: [opened(1), anObservation().withCheck({ pinged: 1, echoes: [{ attemptID, keyID }] })],
    want: quietly({ type: 'PassCheck' }),
    because: 'a receiver verified the ping with the secret of now',
  },
  {
    name: 'does not pass with the echo of another attempt',
    given: [opened(1), anObservation().withCheck({ pinged: 1, echoes: [{ attemptID: 'earlier', keyID }] })],
    want: wait(pingRepeatMs),
    because: 'what arrived before the attempt proves nothing about the endpoint of now',
  },
  {
    name: 'gives receivers the rest of their head start',
    given: [opened(1), anObservation().withCheck({ openForMs: receiverSeenWaitMs - 1 })],
    want: wait(1),
    because: 'a ping that they cannot place proves nothing',
  },
  {
    name: 'pings the moment that the head start is over',
    given: [opened(1), anObservation().withCheck({ openForMs: receiverSeenWaitMs })],
    want: step(ping),
    because: 'receivers know of the attempt',
  },
  {
    name: 'gives no head start to a second ping',
    given: [opened(2), anObservation().withCheck({ openForMs: 0, pinged: 1 })],
    want: step(ping),
    because: 'the first one had it already',
  },
  {
    name: 'waits for the ping that was sent',
    given: [opened(1), anObservation().withCheck({ pinged: 1, sincePingMs: pingRepeatMs - 1 })],
    want: wait(1),
    because: 'it may still arrive',
  },
  {
    name: 'counts the first ping before it is sent',
    given: [opened(), anObservation().withCheck({ sincePingMs: pingRepeatMs })],
    want: step({ type: 'RepeatCheck' }),
    because: 'a crash must not make it unlimited',
  },
  {
    name: 'fails once the last ping had its time',
    given: [opened(pingAttempts), anObservation().withCheck({ pinged: pingAttempts, sincePingMs: pingRepeatMs })],
    want: quietly({ type: 'FailCheck' }),
    because: 'no more pings are allowed',
  },
]

for (const { name, given, want, because } of cases) {
  test(`a check ${name}`, () => {
    assert.deepEqual(planCheck(given[0].build(), given[1].build(), remote, ctx), want, because)
  })
}
