import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { seeOutages } from '../../../../src/controller/gap/outages.ts'
import { formatTime } from '../../../../src/format-time.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const hourMs = 3_600_000
const noonMs = Date.parse('2026-11-21T12:00:00Z')
const at = (hours: number) => formatTime(noonMs + hours * hourMs)
const disabledAtGoogle = { state: 'disabled_due_to_failed_deliveries' }

interface Given {
  readonly spec?: Partial<GeminiWebhookSpec>
  readonly status?: Partial<GeminiWebhookStatus>
  readonly observed?: Partial<ObservedWebhook>
  readonly remote?: { state: string }
  readonly created?: string
}

function see({ spec = {}, status = {}, observed = {}, remote = { state: 'enabled' }, created = at(-1_000) }: Given) {
  const webhook = aWebhook().registered().spec(spec).status(status).metadata({ creationTimestamp: created }).build()
  const seen = anObservation().withRemote(remote).with(observed).build()
  const { outages, over } = seeOutages(webhook, seen, webhook.status ?? {}, noonMs)
  const told = outages.map(({ cause, sinceMs, untilMs }) =>
    [cause, formatTime(sinceMs)].concat(untilMs === undefined ? [] : formatTime(untilMs)),
  )
  return { told, over: [...over] }
}

const back = (since: number, until: number) => ({
  receivers: { heardMs: noonMs, away: { sinceMs: noonMs + since * hourMs, untilMs: noonMs + until * hourMs } },
})

const heard = (hours: number) => ({ receivers: { heardMs: noonMs + hours * hourMs } })

test('a webhook that is enabled and receivers that report are no outage, and say that one is over', () => {
  assert.deepEqual(see({ observed: heard(-1) }), { told: [], over: ['DisabledByGoogle', 'ReceiversAway'] })
})

test('what waited for another try when Google disabled a webhook may be a day old', () => {
  const status = { delivery: { lastVerifiedTime: at(-1) } }
  assert.deepEqual(see({ remote: disabledAtGoogle, status }).told, [['DisabledByGoogle', at(-24)]])
  const earlier = { ...status, webhook: { id: 'abc', disabledSince: at(-5) } }
  assert.deepEqual(see({ remote: disabledAtGoogle, status: earlier }).told, [['DisabledByGoogle', at(-29)]])
})

test('where nothing was verified for days, what failed since then was given up', () => {
  const status = { delivery: { lastVerifiedTime: at(-70) } }
  assert.deepEqual(see({ remote: disabledAtGoogle, status }).told, [['DisabledByGoogle', at(-70)]])
  const report = { pending: 0, lastVerifiedTime: at(-60) }
  assert.deepEqual(see({ remote: disabledAtGoogle, status, observed: { report } }).told, [
    ['DisabledByGoogle', at(-60)],
  ])
})

test('nothing was missed before the object was made, before its webhook was registered, or so long ago that nothing can be found', () => {
  assert.deepEqual(see({ remote: disabledAtGoogle, created: at(-3) }).told, [['DisabledByGoogle', at(-3)]])
  const registered = {
    type: 'Registered',
    status: 'True',
    reason: 'Succeeded',
    message: '',
    observedGeneration: 1,
  } as const
  const conditions = [{ ...registered, lastTransitionTime: at(-2) }]
  assert.deepEqual(see({ remote: disabledAtGoogle, created: at(-3), status: { conditions } }).told, [
    ['DisabledByGoogle', at(-2)],
  ])
  const verifiedBefore = { conditions, delivery: { lastVerifiedTime: at(-10) } }
  assert.deepEqual(see({ remote: disabledAtGoogle, status: verifiedBefore }).told, [['DisabledByGoogle', at(-24)]])
  assert.deepEqual(see({ remote: disabledAtGoogle }).told, [['DisabledByGoogle', at(-14 * 24)]])
})

test('a webhook that the spec disables is no outage, and neither it nor one that cannot be read ends one', () => {
  assert.deepEqual(see({ remote: disabledAtGoogle, spec: { state: 'Disabled' } }), { told: [], over: [] })
  assert.deepEqual(see({ observed: { remote: { state: 'notAsked' } } }), { told: [], over: [] })
  assert.deepEqual(see({ remote: { state: 'disabled' }, spec: { state: 'Disabled' } }), { told: [], over: [] })
})

test('receivers are away when they were silent for longer than Google retries', () => {
  assert.deepEqual(see({ observed: heard(-24) }).told, [])
  const silent = see({ observed: heard(-24.1) })
  assert.deepEqual([silent.told, silent.over], [[['ReceiversAway', at(-24.1)]], ['DisabledByGoogle']])
  assert.deepEqual(see({ observed: { receivers: {} } }).over, ['DisabledByGoogle'])
})

test('what was there before the webhook was not missed by it', () => {
  assert.deepEqual(see({ observed: heard(-30), created: at(-25) }).told, [['ReceiversAway', at(-25)]])
  assert.deepEqual(see({ observed: heard(-30), created: at(-3) }).told, [])
  const away = { sinceMs: noonMs - 40 * hourMs, untilMs: noonMs - 10 * hourMs }
  const receivers = { heardMs: noonMs, away }
  assert.deepEqual(see({ observed: { receivers }, created: at(-20) }).told, [])
  assert.deepEqual(see({ observed: { receivers }, created: at(-36) }).told, [['ReceiversAway', at(-36), at(-10)]])
})

test('receivers that refuse what is genuine for so long are away for this object', () => {
  const refusing = (hours: number) => ({ ...heard(0), report: { pending: 0, refusingSince: at(hours) } })
  assert.deepEqual(see({ observed: refusing(-23) }).told, [])
  assert.deepEqual(see({ observed: refusing(-25) }).told, [['ReceiversAway', at(-25)]])
})

test('receivers that came back tell when none ran, as long as that can be found', () => {
  const seen = see({ observed: back(-40, -10) })
  assert.deepEqual(
    [seen.told, seen.over],
    [[['ReceiversAway', at(-40), at(-10)]], ['DisabledByGoogle', 'ReceiversAway']],
  )
  assert.deepEqual(see({ observed: back(-30, -10) }).told, [])
  assert.deepEqual(see({ observed: back(-14 * 24 - 30, -14 * 24) }).told, [])
})

test('what arrives at a server of somebody else, or before anything is registered, is not known', () => {
  const endpoint = { state: 'external', url: 'https://mine.example.com/x' } as const
  assert.deepEqual(see({ observed: { ...heard(-30), endpoint } }).told, [])
  assert.deepEqual(see({ remote: disabledAtGoogle, status: { webhook: {} } }), { told: [], over: [] })
})

test('a webhook that the spec disables misses nothing while no receiver runs', () => {
  const spec = { state: 'Disabled' } as const
  const remote = { state: 'disabled' }
  assert.deepEqual(see({ remote, spec, observed: heard(-30) }), { told: [], over: [] })
  assert.deepEqual(see({ remote, spec, observed: back(-40, -10) }), { told: [], over: [] })
})

test('receivers that are back end nothing while Google had the webhook disabled when it was last asked', () => {
  const status = { webhook: { id: 'abc', disabledSince: at(-5) } }
  const notAsked = { remote: { state: 'notAsked' } } as const
  assert.deepEqual(see({ status, observed: { ...heard(0), ...notAsked } }).over, [])
  assert.deepEqual(see({ observed: { ...heard(0), ...notAsked } }).over, ['ReceiversAway'])
})
