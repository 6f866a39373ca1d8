import * as z from 'zod'

import { allowedRoutesSchema } from './allowed-routes.ts'
import { backfillSchema } from './backfill.ts'
import { dynamicSchemaWith, revokePrevious } from './dynamic.ts'
import { objectDeliverySchema } from './object-delivery.ts'
import { secretTemplateSchema } from './secret-template.ts'
import { sinkSchema } from './sink.ts'
import {
  atomicListOf,
  duration,
  eventType,
  labelValue,
  mapListOf,
  mapOf,
  objectName,
  dnsSubdomainPattern,
  printable,
  referenceOf,
  requestID,
  secretKey,
  setOf,
  text,
} from './field-types.ts'

/**
 * What a user wants, the one source of type, CRD and validation. No defaults here: they live in defaults.ts, so that
 * Git and cluster never differ. No unions: they are not structural. Rules between fields are in rules.ts.
 */

const endpointSchema = z
  .strictObject({
    hostname: text(253)
      .regex(dnsSubdomainPattern)
      .describe('Our receiver under this host name, which the installation must allow.')
      .optional(),
    url: text(2048)
      .describe(
        'Your own server. The controller registers it and keeps the Secret, nothing else. An https URL without userinfo and fragment.',
      )
      .optional(),
  })
  .describe(
    'Where Google delivers to. Absent: our receiver under the base URL of the installation; otherwise set exactly one of hostname and url.',
  )

const signingSecretSchema = z
  .strictObject({
    name: objectName().describe('Default <metadata.name>-signing-secret.').optional(),
    labels: mapOf(labelValue(), 16)
      .describe('Extra labels of the Secret, as far as the installation allows their keys.')
      .optional(),
    annotations: mapOf(z.string().max(4096), 16)
      .describe(
        'Extra annotations of the Secret, as far as the installation allows their keys: by default those of reloaders.',
      )
      .optional(),
    template: secretTemplateSchema.optional(),
  })
  .describe(
    'The Secret in which the signing secrets are kept: keys signing-secret, previous-signing-secret, signing-secrets.',
  )

const rotationWindowSchema = z.strictObject({
  cron: text(128)
    .regex(/^[0-9A-Za-z*,/-]+( [0-9A-Za-z*,/-]+){4}$/)
    .describe('When the window opens: minute, hour, day of month, month, day of week.'),
  duration: duration().describe('How long it stays open.'),
  timeZone: text(64)
    .regex(/^[A-Za-z0-9_+-]+(\/[A-Za-z0-9_+-]+){0,2}$/)
    .describe('IANA time zone. Default UTC.')
    .optional(),
})

const rotationSchema = z
  .strictObject({
    interval: duration()
      .describe('Absent: no scheduled rotation. At least 48h, because old and new overlap for 24 hours.')
      .optional(),
    windows: atomicListOf(rotationWindowSchema, 8)
      .describe(
        'Scheduled rotations, and requests with window Next, happen only inside one of these. A lost secret ignores them.',
      )
      .optional(),
    request: z
      .strictObject({
        id: requestID().describe(
          'A new id rotates once. The last 16 are remembered, so going back to one is harmless.',
        ),
        revokePrevious: revokePrevious().optional(),
        window: z
          .enum(['Now', 'Next'])
          .describe('Next: the rotation waits for one of the windows, or uses the one that is open. Default Now.')
          .optional(),
      })
      .describe('Rotation on demand, as a line in Git.')
      .optional(),
  })
  .describe('When the signing secret is replaced.')

export const specSchema = z
  .strictObject({
    apiKeySecretRef: referenceOf({
      name: objectName(),
      key: secretKey().describe('Default api-key.').optional(),
    })
      .describe(
        'The Secret in the same namespace that holds the Gemini API key. Needed with events; without it, the controller makes no call to Google.',
      )
      .optional(),
    events: setOf(eventType(), 32, 1)
      .describe(
        'Event types to subscribe to, such as batch.succeeded. Unknown types are passed on to Google, with a warning.',
      )
      .optional(),
    displayName: printable(64)
      .describe('Follows the ownership marker in the name of the webhook at Google.')
      .optional(),
    state: z.enum(['Enabled', 'Disabled']).describe('Desired state at Google. Default Enabled.').optional(),
    endpoint: endpointSchema.optional(),
    signingSecret: signingSecretSchema.optional(),
    rotation: rotationSchema.optional(),
    backfill: backfillSchema.optional(),
    endpointCheck: z
      .enum(['Never', 'OnChange', 'Periodic'])
      .describe('When a ping must come back through the endpoint. Default OnChange.')
      .optional(),
    autoReenable: z
      .enum(['Never', 'WhenHealthy'])
      .describe(
        'What happens after Google disabled the webhook because of failed deliveries. Default WhenHealthy: the controller enables it again once a probe succeeds.',
      )
      .optional(),
    externalID: text(128)
      .regex(/^[A-Za-z0-9._~-]+$/)
      .describe('Adopt this existing webhook instead of creating one. Cannot be changed or removed once set.')
      .optional(),
    adoptionPolicy: z
      .enum(['CreateOnly', 'CreateOrReadopt', 'AdoptOnly', 'TakeOver'])
      .describe(
        'CreateOrReadopt (default) takes back only a webhook with the marker of this object; AdoptOnly and TakeOver need externalID; TakeOver also takes a webhook with an unknown marker.',
      )
      .optional(),
    deletionPolicy: z
      .enum(['Delete', 'Retain'])
      .describe(
        'What deleting this object does at Google. Default Delete, or Retain if externalID is set. May change while deleting.',
      )
      .optional(),
    driftPolicy: z
      .enum(['Correct', 'Report'])
      .describe('What is done about changes made by others at Google. Default Correct.')
      .optional(),
    dynamic: dynamicSchemaWith('Default <metadata.name>-dynamic-endpoint.')
      .describe('Also serve an endpoint for the webhook_config URI of single jobs. An empty object switches it on.')
      .optional(),
    sinks: mapListOf(sinkSchema, 'name', 16)
      .describe('Where events go. Absent: they are verified, stored and counted, not forwarded.')
      .optional(),
    delivery: objectDeliverySchema.optional(),
    allowedRoutes: allowedRoutesSchema.optional(),
    suspend: z
      .boolean()
      .describe('While true, the controller makes no calls to Google; receiving continues.')
      .optional(),
  })
  .describe('What is wanted.')

export type GeminiWebhookSpec = z.infer<typeof specSchema>
export type RotationSpec = z.infer<typeof rotationSchema>
