import type { GeminiWebhookStatus } from '../../../src/api/status.ts'
import type { Finding } from '../../../src/controller/plan/result.ts'
import { summarize } from '../../../src/controller/status/summarize.ts'
import type { WebhookBuilder } from './a-webhook.ts'
import type { ObservationBuilder } from './an-observation.ts'

/** When the pass ends that is summarised. */
export const summarizedAtMs = Date.parse('2026-11-21T12:00:00Z')
const finding: Finding = { type: 'AtRest', reason: 'Succeeded', message: '' }

/** Everything that the status of an object at rest says but the conditions. */
export function factsOf(
  builder: WebhookBuilder,
  observed: ObservationBuilder,
  given: { isAnswered?: boolean } = {},
): GeminiWebhookStatus {
  const webhook = builder.build()
  const state = { webhook, observed: observed.build(), draft: webhook.status ?? {}, events: [] }
  const { conditions: _conditions, ...facts } = summarize(state, { finding, nowMs: summarizedAtMs, ...given })
  return facts
}
