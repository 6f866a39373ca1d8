import { z } from 'zod'

/**
 * What receivers tell the controller: ConfigMap `gwh-receiver-reports` in the operator's namespace, one data key per receiver (its pod name), one
 * JSON value each. Caused by authentic traffic only; bounded.
 */
export const reportsConfigMapName = 'gwh-receiver-reports'

const endpointReportSchema = z.object({
  /** Echo of the open endpoint check that a verified delivery answered, and the key that verified it. */
  check: z.object({ attemptID: z.string(), keyID: z.string() }).optional(),
  /** RFC 3339, to the minute. */
  lastVerifiedTime: z.string().optional(),
  /** RFC 3339: since when authentic deliveries have been refused without one being stored; absent when all is well. */
  refusingSince: z.string().optional(),
  /** RFC 3339, to the hour: when dead letters were last dropped for good. Receivers of older versions do not tell. */
  lastDropTime: z.string().optional(),
  /** Deliveries stored and not yet ended. */
  pending: z.number(),
})

/** A receiver writes at least this often, changed or not: what is much older was left by one that is gone. */
export const reportLivenessMs = 3_600_000

export const receiverReportSchema = z.object({
  /** RFC 3339, to the minute: when it was written. */
  time: z.string().optional(),
  /** What is pending lies on a volume of this receiver alone: nobody else delivers it. */
  ownInbox: z.boolean().optional(),
  /** The last one before an orderly end. */
  stopped: z.boolean().optional(),
  /** By uid of the GeminiWebhook. */
  endpoints: z.record(z.string(), endpointReportSchema),
})

export type EndpointReport = z.infer<typeof endpointReportSchema>
export type ReceiverReport = z.infer<typeof receiverReportSchema>
