import * as z from 'zod'

import { mapOf, text } from './field-types.ts'

/** A value that becomes JSON, or a text that is sent as it is. */
const contentTypePattern = /^(text\/[a-z0-9.+-]+|application\/([a-z0-9.+-]+\+)?json)(; ?charset=utf-8)?$/

/** Of a sink, and of its dead letter destination: what is sent of an event instead of the event itself. */
export const transformSchema = z
  .strictObject({
    body: text(4096).describe(
      'A CEL expression over `event` that yields the body: a value that is sent as JSON, or with contentType text/* a string. Checked when the object is applied, at most 64 KiB for one event.',
    ),
    contentType: text(128)
      .regex(contentTypePattern, 'must be a JSON type or text/*, such as application/json or text/plain')
      .describe('Default application/json.')
      .optional(),
    method: z.enum(['POST', 'PUT', 'PATCH']).describe('Of HTTP destinations. Default POST.').optional(),
    headers: mapOf(z.string().max(1024), 16)
      .describe('Constant headers. Those that a delivery sets itself are refused; what is secret belongs in auth.')
      .optional(),
  })
  .describe('What is sent of an event instead of the event itself.')

export type TransformSpec = z.infer<typeof transformSchema>
