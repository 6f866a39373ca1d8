import * as z from 'zod'

import { conditionStatuses } from './conditions.ts'
import { labelName, mapListOf, text, time } from './field-types.ts'
import { conditionSchema, sinkStatusSchema, type Condition } from './status.ts'

/** What is seen of a route, written by the controller alone. Nothing is decided by it. */
export const routeStatusSchema = z
  .strictObject({
    observedGeneration: z.int().min(0).describe('The generation that Ready is about.').optional(),
    conditions: mapListOf(conditionSchema, 'type', 16).optional(),
    webhook: z
      .strictObject({
        namespace: labelName(),
        name: labelName(),
        uid: text(64).describe('Absent while the webhook does not exist or does not allow this route.').optional(),
        ready: z.enum(conditionStatuses).describe('Its condition Ready; absent like uid.').optional(),
      })
      .describe('The GeminiWebhook that spec.webhookRef names. The status reveals nothing else about it.')
      .optional(),
    endpoint: z
      .strictObject({
        dynamicSecretName: text(253).describe('The Secret that publishes the endpoint of this route.').optional(),
      })
      .optional(),
    sinks: mapListOf(sinkStatusSchema, 'name', 16).optional(),
    pending: z.int().min(0).describe('Deliveries that are stored for this route and not yet ended.').optional(),
    deadLetters: z
      .int()
      .min(0)
      .describe('Deliveries of this route that were given up and are kept; absent without any.')
      .optional(),
    lastDeliveredTime: time()
      .describe(
        'The last delivery that a sink of this route had accepted when this was written. If only deliveries change, it is written once an hour.',
      )
      .optional(),
    fullSince: time()
      .describe('Since when this route has used up its share and gets events as dead letters. Otherwise absent.')
      .optional(),
    lastDropTime: time()
      .describe('When dead letters were last dropped for good, to the hour, because of their age or to make room.')
      .optional(),
  })
  .describe('What is seen.')

export type GeminiRouteStatus = Omit<z.infer<typeof routeStatusSchema>, 'conditions'> & {
  conditions?: Condition[] | undefined
}
