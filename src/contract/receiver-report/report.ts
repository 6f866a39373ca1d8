import * as z from 'zod'

/**
 * What receivers report to the controller: one JSON value each, under the data key that is their pod name, in a
 * ConfigMap of the operator's namespace (slots.ts). Caused by authentic traffic only; bounded. The schemas say what
 * receivers write. The controller checks each field (controller/reports/read-report.ts), because a receiver may be
 * compromised.
 */

/** More than any inbox holds: what is greater is no count. */
export const maxReportedCount = 1_000_000_000

const endpointReportSchema = z.object({
  /** Echo of the open endpoint check that a verified delivery answered, and the key that verified it. */
  check: z.object({ attemptID: z.string(), keyID: z.string() }).optional(),
  /** RFC 3339, to the minute: when a delivery was last verified; of a route, when a sink of it last took something. */
  lastVerifiedTime: z.string().optional(),
  /**
   * RFC 3339: since when authentic deliveries have been refused without one being stored; of a route, since when it
   * gets events as dead letters because it is full. Absent when all is well.
   */
  refusingSince: z.string().optional(),
  /** RFC 3339, to the hour: when dead letters were last dropped for good. Absent from receivers of older versions. */
  lastDropTime: z.string().optional(),
  /** Deliveries stored and not yet ended. */
  pending: z.number(),
})

/**
 * What a receiver says of one sink: only of those that fail, or that have something pending or given up. Neither
 * `since` nor `unseen`: the last that was sent there was taken.
 */
export const sinkReportSchema = z.object({
  /** RFC 3339: since when it has taken nothing. */
  since: z.iso.datetime().optional(),
  /** Why the last attempt failed: a word of a closed list, and the status of the answer. */
  cause: z
    .string()
    .regex(/^[A-Za-z]{1,32}$/)
    .optional(),
  status: z.int().min(100).max(999).optional(),
  /** This receiver does not know the state of the sink: it has sent nothing there since its start, or not for long. */
  unseen: z.literal(true).optional(),
  /** Deliveries that have not ended. */
  pending: z.int().min(0).max(maxReportedCount).optional(),
  deadLetters: z.int().min(0).max(maxReportedCount).optional(),
})

/** A receiver writes at least this often, changed or not: a much older report was left by a receiver that is gone. */
export const reportLivenessMs = 3_600_000

/** Google retries a delivery for so long, and then gives the event up. */
export const googleRetriesMs = 24 * 3_600_000

/** For so long it is told when no receiver ran: of what is older nothing can be found at Google any more. */
export const awayToldMs = 14 * 24 * 3_600_000

/** A time in which no receiver ran, RFC 3339 to the minute. */
const awaySchema = z.object({ since: z.string(), until: z.string() })

export const receiverReportSchema = z.object({
  /** RFC 3339, to the minute: when it was written. */
  time: z.string().optional(),
  /** What is pending is on a volume of this receiver alone: no other receiver delivers it. */
  ownInbox: z.boolean().optional(),
  /**
   * It recognises the end of a batch by its job, where the keyring says so. Absent from receivers of versions that do
   * not.
   */
  foldsJobs: z.boolean().optional(),
  /** The last one before an orderly end. */
  stopped: z.boolean().optional(),
  /**
   * The last time in which no receiver ran for longer than Google retries, as the reports showed it that this receiver
   * found when it began. Absent without any, and from receivers of older versions.
   */
  away: awaySchema.optional().catch(undefined),
  /** By uid of the GeminiWebhook or GeminiRoute. */
  endpoints: z.record(z.string(), endpointReportSchema),
  /** Those that are not reported in full (packed.ts). Controllers of older versions do not read it. */
  packed: z.string().optional(),
  /** How many had no room at all. */
  endpointsLeftOut: z.int().min(1).optional().catch(undefined),
  /**
   * By uid and name of the sink, each a `SinkReport`; read one by one, so that an unreadable one affects no other.
   * Absent from receivers of older versions.
   */
  sinks: z.record(z.string(), z.unknown()).optional().catch(undefined),
  /** How many sinks had no room in the report: nothing is known of what it does not name. */
  sinksLeftOut: z.int().min(1).optional().catch(undefined),
})

export type EndpointReport = z.infer<typeof endpointReportSchema>
export type Away = z.infer<typeof awaySchema>
export type SinkReport = z.infer<typeof sinkReportSchema>
/** As it is read: its sinks are judged one by one. */
export type ReceiverReport = Omit<z.infer<typeof receiverReportSchema>, 'sinks' | 'packed'> & {
  packed?: string
  sinks?: Record<string, Record<string, SinkReport>>
}
