import assert from 'node:assert/strict'
import { test } from 'node:test'

import { isDocumented } from '../../../../src/api/reasons.ts'
import type { GeminiWebhookSpec } from '../../../../src/api/spec.ts'
import type { GeminiWebhookStatus } from '../../../../src/api/status.ts'
import type { ObservedWebhook } from '../../../../src/controller/facts/observed.ts'
import { withGap } from '../../../../src/controller/gap/with-gap.ts'
import { formatTime } from '../../../../src/format-time.ts'
import { anObservation } from '../../../support/builders/an-observation.ts'
import { aWebhook } from '../../../support/builders/a-webhook.ts'

const hourMs = 3_600_000
const noonMs = Date.parse('2026-11-21T12:00:00Z')
const at = (hours: number) => formatTime(noonMs + hours * hourMs)

/** The life of one object: each look sees what is given, on the status of the look before. */
function aLife(spec: Partial<GeminiWebhookSpec> = {}) {
  const began = aWebhook()
    .registered()
    .spec(spec)
    .metadata({ creationTimestamp: at(-100) })
    .build()
  let status: GeminiWebhookStatus = { ...began.status, delivery: { lastVerifiedTime: at(-30) } }
  return {
    look(hours: number, observed: Partial<ObservedWebhook>, state = 'enabled') {
      const seen = anObservation().withRemote({ state }).with(observed).build()
      const webhook = { ...began, status }
      status = withGap(status, { webhook, observed: seen }, noonMs + hours * hourMs)
      const condition = status.conditions?.find(({ type }) => type === 'DeliveriesComplete')
      if (condition !== undefined) assert.ok(isDocumented(condition), condition.reason)
      return { status, condition, says: condition?.message ?? '' }
    },
  }
}

const disabled = 'disabled_due_to_failed_deliveries'
const heard = (hours: number) => ({ receivers: { heardMs: noonMs + hours * hourMs } })
const covered = (from: number, to: number) => ({
  backfill: { runs: [], covered: { fromMs: noonMs + from * hourMs, toMs: noonMs + to * hourMs } },
})

test('without a gap nothing is said, and a status is left as it is', () => {
  const life = aLife()
  const { status, condition } = life.look(0, heard(0))
  assert.deepEqual([condition, status.gap, status.webhook?.disabledSince], [undefined, undefined, undefined])
  assert.deepEqual(life.look(1, heard(1)).status, status)
})

test('from the disabling to the covering by backfill', () => {
  const life = aLife({ backfill: {} })
  const off = life.look(0, heard(0), disabled)
  assert.equal(off.status.webhook?.disabledSince, at(0))
  assert.deepEqual(off.status.gap, { since: at(-30), cause: 'DisabledByGoogle' })
  assert.deepEqual([off.condition?.status, off.condition?.reason], ['False', 'DisabledByGoogle'])
  assert.match(
    off.says,
    /^deliveries since 2026-11-20T06:00:00Z may have been missed, for Google has disabled the webhook/,
  )
  assert.deepEqual(life.look(3, heard(3), disabled).status, off.status)
  assert.deepEqual(life.look(4, { ...heard(4), remote: { state: 'notAsked' } }).status, off.status)

  const on = life.look(5, heard(5))
  assert.deepEqual(on.status.gap, { since: at(-30), until: at(5), cause: 'DisabledByGoogle' })
  assert.equal(on.status.webhook?.disabledSince, undefined)
  assert.match(
    on.says,
    /from 2026-11-20T06:00:00Z to 2026-11-21T17:00:00Z may have been missed.*the next runs of backfill/,
  )
  assert.equal(life.look(5.2, { ...heard(5), ...covered(-60, 4.7) }).condition?.status, 'False')

  const whole = life.look(6, { ...heard(6), ...covered(-60, 5.5) })
  assert.deepEqual([whole.condition?.status, whole.condition?.reason], ['True', 'Backfilled'])
  assert.equal(whole.status.gap?.coveredTime, at(6))
  assert.deepEqual(life.look(7, { ...heard(7), ...covered(-60, 6.5) }).status, whole.status)
  assert.equal(life.look(5 + 14 * 24 + 1, heard(5 + 14 * 24)).condition, undefined)
})

test('from receivers that are away to their return', () => {
  const life = aLife()
  assert.equal(life.look(0, heard(-24)).condition, undefined)
  const away = life.look(1, heard(-24))
  assert.deepEqual(away.status.gap, { since: at(-24), cause: 'ReceiversAway' })
  assert.match(
    away.says,
    /no receiver has taken any.*switch on spec\.backfill, then "gwh backfill ml\/batch-events --since=/,
  )
  const back = life.look(2, heard(2))
  assert.deepEqual(back.status.gap, { since: at(-24), until: at(2), cause: 'ReceiversAway' })
})

test('what a later start of backfill leaves out is said, with the command that covers it', () => {
  const life = aLife({ backfill: {} })
  life.look(0, heard(0), disabled)
  const webhook = aWebhook()
    .registered()
    .spec({ backfill: {} })
    .status({ backfill: { since: at(-5) }, gap: { since: at(-30), until: at(-1), cause: 'DisabledByGoogle' } })
    .build()
  const { conditions } = withGap(webhook.status ?? {}, { webhook, observed: anObservation().build() }, noonMs)
  const said = conditions?.find(({ type }) => type === 'DeliveriesComplete')?.message ?? ''
  assert.match(
    said,
    /sends what ended after 2026-11-21T07:00:00Z by itself, and for all of it "gwh backfill ml\/batch-events --since=2026-11-20T06:00:00Z" asks$/,
  )
})

test('events that no list at Google shows are named, covered or not', () => {
  const life = aLife({ backfill: {}, events: ['batch.succeeded', 'interaction.completed', 'video.generated'] })
  const unfindable = /; those of interaction\.completed, video\.generated cannot be looked up at Google$/
  assert.match(life.look(0, heard(0), disabled).says, unfindable)
  life.look(1, heard(1))
  assert.match(life.look(2, { ...heard(2), ...covered(-60, 1.5) }).says, unfindable)
})

test('backfill that cannot send for the receivers that there are is not what covers it', () => {
  const life = aLife({ backfill: {} })
  life.look(0, heard(0), disabled)
  const { says } = life.look(1, { receivers: { heardMs: noonMs, foldProblem: 'SeveralInboxes' } })
  assert.match(says, /backfill cannot cover it: several receivers keep inboxes of their own.*receiver\.replicas=1/)
})

test('where no subscribed event can be looked up, a run over all batches covers nothing', () => {
  const life = aLife({ backfill: {}, events: ['interaction.completed'] })
  life.look(0, heard(0), disabled)
  life.look(1, heard(1))
  const looked = life.look(2, { ...heard(2), ...covered(-60, 1.5) })
  assert.deepEqual([looked.condition?.status, looked.status.gap?.coveredTime], ['False', undefined])
  assert.match(looked.says, /look for what you started in that time; those of interaction\.completed cannot be/)
})

test('an event that Google calls otherwise can be looked up under the name that it has here', () => {
  const life = aLife({ backfill: {}, events: ['job.done'] })
  const eventAliases = new Map([['job.done', 'batch.succeeded']])
  life.look(0, { ...heard(0), eventAliases }, disabled)
  life.look(1, { ...heard(1), eventAliases })
  const looked = life.look(2, { ...heard(2), ...covered(-60, 1.5), eventAliases })
  assert.equal(looked.condition?.status, 'True')
  assert.doesNotMatch(looked.says, /looked up/)
})

/** The message about a gap that began so many hours ago. */
const longAgo = (spec: Partial<GeminiWebhookSpec>, hours: number) => {
  const gap = { since: at(-hours), until: at(-1), cause: 'DisabledByGoogle' } as const
  const webhook = aWebhook()
    .registered()
    .spec(spec)
    .status({ backfill: { since: at(-1_000) }, gap })
    .build()
  const { conditions } = withGap(webhook.status ?? {}, { webhook, observed: anObservation().build() }, noonMs)
  return conditions?.find(({ type }) => type === 'DeliveriesComplete')?.message ?? ''
}

test('what is said to be done is not refused: a lookback that reaches, and no time that none reaches', () => {
  assert.match(longAgo({}, 30), /switch on spec\.backfill, then "gwh backfill ml\/batch-events --since=2026/)
  assert.match(longAgo({}, 100), /switch on spec\.backfill with lookback 336h, then .* --since=2026/)
  assert.match(longAgo({ backfill: {} }, 30), /the next runs of backfill cover it/)
  assert.match(longAgo({ backfill: {} }, 100), /set it to 336h, then "gwh backfill ml\/batch-events --since=2026/)
  assert.match(longAgo({ backfill: { lookback: '120h' } }, 100), /the next runs of backfill cover it/)
  const older = longAgo({ backfill: { lookback: '120h' } }, 340)
  assert.match(older, /then "gwh backfill ml\/batch-events" sends .* in the last 14 days, and what is older cannot be/)
})
