import * as z from 'zod'

import { backfillStatusSchema } from './backfill.ts'
import { conditionStatuses, type ConditionType } from './conditions.ts'
import { atomicListOf, labelName, mapListOf, setOf, text, time } from './field-types.ts'
import type { Reason } from './reasons.ts'

/**
 * What is seen, written by the controller alone. It is a hint, not an authority: nothing at Google is changed by an id
 * from here unless the webhook carries the marker of this object. An older CRD prunes unknown fields silently, so the
 * writer of an intent reads it back.
 */

/** Longest condition message that is written; the API conventions allow more, but every object is kept in memory. */
export const maxConditionMessageLength = 2048

export const conditionSchema = z.strictObject({
  type: text(316),
  status: z.enum(conditionStatuses),
  observedGeneration: z.int().min(0).describe('The generation of the spec that this says something about.'),
  lastTransitionTime: time().describe('When status last changed.'),
  reason: text(128).regex(/^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/),
  message: z.string().max(maxConditionMessageLength),
})

const operationSchema = z
  .strictObject({
    type: z.enum(['Create', 'Rotate']),
    attemptID: text(64),
    startTime: time(),
    cause: text(32)
      .regex(/^[A-Za-z]+$/)
      .describe('Why: Registration, Adoption, Interval, Request or Repair.')
      .optional(),
    requestID: text(64).describe('The spec.rotation.request.id that this rotation answers.').optional(),
  })
  .describe('A call to Google that cannot be repeated, written down before it is made. Absent when none is under way.')

const remoteSchema = z
  .strictObject({
    id: text(256).describe('The id that Google chose.').optional(),
    name: text(256).describe('The name last applied: ownership marker and display name.').optional(),
    uri: text(2048).describe('The URI last applied.').optional(),
    state: text(64).describe('The state last seen at Google.').optional(),
    appliedState: z.enum(['enabled', 'disabled']).describe('The state last applied.').optional(),
    events: setOf(text(128), 64).describe('The event types last applied.').optional(),
    eventCount: z.int().min(0).max(64).describe('How many event types: a printer column cannot count.').optional(),
    keyFingerprint: text(64).describe('Identifies the API key that last saw this id, without revealing it.').optional(),
    missingSince: time()
      .describe('When Google first answered that the id does not exist; believed only after a second such answer.')
      .optional(),
    reenableTimes: atomicListOf(time(), 3)
      .describe('When it was enabled again by the controller, newest last.')
      .optional(),
    disabledSince: time()
      .describe('Since when Google has it disabled because of failed deliveries, as first seen. Absent otherwise.')
      .optional(),
    checkedSpec: text(128).describe('Digest of what the last successful endpoint check proved.').optional(),
  })
  .describe('The webhook at Google: what was last applied and seen.')

const signingSecretStatusSchema = z.strictObject({
  name: text(253).describe('The Secret that is written now.').optional(),
  hint: text(64).describe('What Google shows of the current signing secret.').optional(),
  activeSecrets: z.int().min(0).max(64).describe('How many secrets Google signs with.').optional(),
  previousExpireTime: time()
    .describe('When receivers stop accepting the previous secret: five minutes after Google stops signing with it.')
    .optional(),
  repairs: z.int().min(0).describe('How often the secret was repaired by rotating it.').optional(),
  repairTimes: atomicListOf(time(), 3).describe('The newest of these repairs, newest last.').optional(),
})

const rotationStatusSchema = z.strictObject({
  handledRequestIDs: atomicListOf(text(64), 16)
    .describe('Request ids that never rotate again, newest last.')
    .optional(),
  lastRotationTime: time().optional(),
  nextRotationTime: time()
    .describe('When the next rotation is due: by the interval, or by a request that waits for a window.')
    .optional(),
})

const checkSchema = z
  .strictObject({
    attemptID: text(64).describe('Receivers echo it when a delivery is verified while they see it.'),
    startTime: time(),
    sent: z.int().min(0).max(100).describe('Pings sent so far.').optional(),
  })
  .describe('The endpoint check under way. Absent when there is none.')

const deliveryStatusSchema = z
  .strictObject({
    lastVerifiedTime: time()
      .describe(
        'The last delivery with a valid signature when this was written, to the minute. If only deliveries change, it is written once an hour.',
      )
      .optional(),
    lastCheckTime: time().describe('The last endpoint check that succeeded.').optional(),
    refusingSince: time().describe('Since when genuine deliveries are refused without one being stored.').optional(),
    lastDropTime: time()
      .describe('When dead letters were last dropped for good, to the hour, because of their age or to make room.')
      .optional(),
    pending: z.int().min(0).describe('Deliveries that are stored and not yet ended.').optional(),
  })
  .describe('Combined from the reports of the receivers.')

/**
 * So many webhooks that nobody manages are counted in each project: whether there are a hundred or a thousand, somebody
 * has to import them.
 */
export const mostUnmanagedWebhooks = 100

/** Why a sink is not ready whose owner suspended it: nothing is wrong with it. */
export const suspendedSink = 'Suspended'

export const sinkStatusSchema = z.strictObject({
  name: labelName(),
  address: text(2048).describe('Where it resolved to.').optional(),
  ready: z.boolean(),
  reason: text(128).describe('Why it is not ready; Suspended where its suspend is true.').optional(),
  failingSince: time().describe('Since when it has accepted nothing. Absent while it works.').optional(),
  lastFailure: text(128).describe('Why the last attempt failed, with the status of the answer.').optional(),
  pending: z
    .int()
    .min(0)
    .describe('Deliveries that are stored for it and not yet ended; absent without any.')
    .optional(),
  deadLetters: z
    .int()
    .min(0)
    .describe('Deliveries to it that were given up and are kept; absent without any.')
    .optional(),
})

const gapSchema = z
  .strictObject({
    since: time().describe('Deliveries of events from then on may have been missed.'),
    until: time().describe('When deliveries arrived again. Absent while they do not.').optional(),
    cause: z
      .enum(['DisabledByGoogle', 'ReceiversAway'])
      .describe('Google had the webhook disabled, or no receiver took deliveries for longer than Google retries.'),
    coveredTime: time()
      .describe('When backfill had looked for the events of all batches that ended in that time.')
      .optional(),
  })
  .describe('The last time in which deliveries may have been missed. Absent without any in the last 14 days.')

const routeCountsSchema = z
  .strictObject({
    attached: z.int().min(0).describe('GeminiRoutes that get events of this webhook.').optional(),
    refused: z.int().min(0).describe('GeminiRoutes that name this webhook but get no events from it.').optional(),
    failingSince: time()
      .describe('Since when no event could be forwarded to routes. Absent while this works.')
      .optional(),
    lastFailure: text(128).describe('Why the last one could not be forwarded.').optional(),
    pending: z
      .int()
      .min(0)
      .describe(
        'Events that are stored but not yet forwarded to routes; absent without any. Copies that routes already have do not count.',
      )
      .optional(),
  })
  .describe('How many GeminiRoutes name this webhook, and whether events can be forwarded to them. Absent without any.')

export const statusSchema = z
  .strictObject({
    observedGeneration: z
      .int()
      .min(0)
      .describe('The generation that Ready is about. Older than the spec while Google cannot be asked.')
      .optional(),
    lastHandledReconcileAt: z
      .string()
      .max(256)
      .describe(
        'The last value of the annotation reconcile-requested-at that was handled: since then, the controller has compared with Google and finished all work. Only its first 256 characters count.',
      )
      .optional(),
    installationID: text(64)
      .describe('The installation that serves this object: no other one writes it, and its marker is on the webhook.')
      .optional(),
    installationToken: text(16)
      .describe(
        'Distinguishes the installation from another one with the same id, such as a cluster with the same Helm values.',
      )
      .optional(),
    formerInstallation: z
      .strictObject({ id: text(64), token: text(16).optional() })
      .describe(
        'The installation from which the object was taken over, until the webhook carries the marker of the new one.',
      )
      .optional(),
    conditions: mapListOf(conditionSchema, 'type', 16).optional(),
    endpoint: z
      .strictObject({
        url: text(2048).describe('Where Google delivers to.').optional(),
        dynamicSecretName: text(253).describe('The Secret that publishes the dynamic endpoint.').optional(),
      })
      .optional(),
    webhook: remoteSchema.optional(),
    project: z
      .strictObject({
        unmanagedWebhooks: z
          .int()
          .min(0)
          .max(mostUnmanagedWebhooks)
          .describe(
            'Webhooks in the project that no GeminiWebhook manages; at most 100 are counted. One that is gone counts until many lists have not shown it. "gwh import" prints manifests that adopt them.',
          )
          .optional(),
      })
      .describe('What else lives in the Google project of the API key. Absent: nothing is known of anything.')
      .optional(),
    signingSecret: signingSecretStatusSchema.optional(),
    rotation: rotationStatusSchema.optional(),
    operation: operationSchema.optional(),
    sinks: mapListOf(sinkStatusSchema, 'name', 16).optional(),
    check: checkSchema.optional(),
    delivery: deliveryStatusSchema.optional(),
    gap: gapSchema.optional(),
    routes: routeCountsSchema.optional(),
    backfill: backfillStatusSchema.optional(),
  })
  .describe('What is seen.')

/**
 * A condition as this controller writes it: its type and reason are closed lists, so that no undocumented one can be
 * written.
 */
export type Condition = Omit<z.infer<typeof conditionSchema>, 'type' | 'reason'> & {
  type: ConditionType
  reason: Reason
}
export type GeminiWebhookStatus = Omit<z.infer<typeof statusSchema>, 'conditions'> & {
  conditions?: Condition[] | undefined
}
export type Operation = z.infer<typeof operationSchema>
export type SinkStatus = z.infer<typeof sinkStatusSchema>
