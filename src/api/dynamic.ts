import * as z from 'zod'

import { objectName, printable, requestID, setOf } from './field-types.ts'

/** `spec.dynamic` of a GeminiWebhook and of a GeminiRoute: an endpoint that single jobs name. */

export const revokePrevious = () =>
  z
    .enum(['AfterGracePeriod', 'Immediately'])
    .describe(
      'AfterGracePeriod (default) keeps the old one valid during the overlap; Immediately may refuse deliveries in flight.',
    )

/** `defaultName`: the sentence that says how the Secret is called where nothing is said. */
export function dynamicSchemaWith(defaultName: string) {
  return z.strictObject({
    secretName: objectName()
      .describe(`The Secret that publishes the endpoint to jobs, keys uri and token. ${defaultName}`)
      .optional(),
    audiences: setOf(printable(512), 8)
      .describe(
        'Accept JWT-signed deliveries for one of these audiences too. Absent: only the signature scheme that Google uses today.',
      )
      .optional(),
    tokenRequest: z
      .strictObject({
        id: requestID().describe('A new id makes a new token once.'),
        revokePrevious: revokePrevious().optional(),
      })
      .describe('Replacement of the token in the endpoint, on demand.')
      .optional(),
  })
}

export type DynamicSpec = z.infer<ReturnType<typeof dynamicSchemaWith>>
export type RevokePrevious = z.infer<ReturnType<typeof revokePrevious>>
