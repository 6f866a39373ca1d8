import type { ConditionType } from '../../../src/api/conditions.ts'
import { judgeConditions, type SubjectCondition } from '../../../src/controller/status/judge-conditions.ts'
import type { Judgement } from '../../../src/controller/facts/judgement.ts'
import type { WebhookBuilder } from '../builders/a-webhook.ts'
import type { ObservationBuilder } from '../builders/an-observation.ts'

/** What the conditions are judged to be, where the last pass said `said`, and nothing of the other types. */
export function judged(
  webhook: WebhookBuilder,
  observed: ObservationBuilder,
  said: Partial<Record<ConditionType, Judgement>> = {},
): Record<SubjectCondition, Judgement> {
  const object = webhook.build()
  const state = { webhook: object, observed: observed.build(), draft: object.status ?? {}, events: [] }
  return judgeConditions(state, (type) => said[type])
}
