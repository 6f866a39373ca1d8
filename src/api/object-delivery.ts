import * as z from 'zod'

import { duration } from './field-types.ts'

/** What holds for the deliveries to all sinks of an object, a GeminiWebhook or a GeminiRoute. */
export const objectDeliverySchema = z
  .strictObject({
    keepDelivered: duration()
      .describe(
        'How long events stay in the inbox after a sink has accepted them, for a replay. They are dropped before anything else, so they may go sooner. At most 720h. Absent: not at all.',
      )
      .optional(),
  })
  .describe('Settings for the deliveries to all sinks.')

export type ObjectDelivery = z.infer<typeof objectDeliverySchema>
