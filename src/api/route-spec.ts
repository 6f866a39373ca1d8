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
      'The GeminiWebhook whose events this route gets. Its owner decides in spec.allowedRoutes which routes get any.',
    ),
    filter: filterSchema
      .describe(
        'Which events this route gets. All given parts must match; absent: every event. Events that types and metadata reject are not kept for this route. The expression is evaluated before that of each sink, and its cost counts for each.',
      )
      .optional(),
    sinks: mapListOf(sinkSchema, 'name', 16, 1).describe(
      'Where events go. Services, Secrets and other objects are those of the namespace of this route.',
    ),
    delivery: objectDeliverySchema.optional(),
    dynamic: dynamicSchemaWith('Default <metadata.name>-route-endpoint.')
      .describe(
        'Serve an endpoint for the webhook_config URI of the jobs of this team. Their events go only to this route. It is served while the owner of the webhook allows the route; filter and allowed types apply to it too. An empty object switches it on.',
      )
      .optional(),
    suspend: z
      .boolean()
      .describe('While true, events are kept for the sinks: receivers make no attempt, and retryFor does not run.')
      .optional(),
  })
  .describe('What is wanted.')

export type GeminiRouteSpec = z.infer<typeof routeSpecSchema>
