import * as z from 'zod'

import { dynamicSchemaWith } from './dynamic.ts'
import { labelName, mapListOf, referenceOf } from './field-types.ts'
import { objectDeliverySchema } from './object-delivery.ts'
import { filterSchema, sinkSchema } from './sink.ts'

/**
 * What a team wants of a webhook that may belong to another one, the one source of type, CRD and validation of a
 * GeminiRoute. No defaults here: they live in defaults.ts.
 */
export const routeSpecSchema = z
  .strictObject({
    webhookRef: referenceOf({
      name: labelName(),
      namespace: labelName().describe('Default: the namespace of this route.').optional(),
    }).describe(
      'The GeminiWebhook whose events are wanted. Its owner decides in spec.allowedRoutes which routes get any.',
    ),
    filter: filterSchema
      .describe(
        'Which events this route wants. All that is given must hold; absent: every event. What does not pass its types and metadata is not kept for this route. Its expression stands in front of that of each sink and counts for each.',
      )
      .optional(),
    sinks: mapListOf(sinkSchema, 'name', 16, 1).describe(
      'Where events go. Services, Secrets and other objects are those of the namespace of this route.',
    ),
    delivery: objectDeliverySchema.optional(),
    dynamic: dynamicSchemaWith('Default <metadata.name>-route-endpoint.')
      .describe(
        'Serve an endpoint for the webhook_config URI of the jobs of this team, whose events come to this route alone. It is served while the owner of the webhook allows the route; filter and allowed types count for it too. An empty object switches it on.',
      )
      .optional(),
    suspend: z
      .boolean()
      .describe('Events are kept for the sinks while true: no attempt is made, and retryFor stands still.')
      .optional(),
  })
  .describe('What is wanted.')

export type GeminiRouteSpec = z.infer<typeof routeSpecSchema>
