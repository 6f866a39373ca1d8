import * as z from 'zod'

import { parseDuration } from './duration.ts'
import { atomicListOf, duration, givenTime, requestID, text, time } from './field-types.ts'

/** `spec.backfill` and `status.backfill` of a GeminiWebhook: events of finished batches that Google did not deliver. */

export const backfillSchema = z
  .strictObject({
    interval: duration()
      .describe('How often the batches of the project are listed. Default 30m, at least 5m.')
      .optional(),
    lookback: duration()
      .describe(
        'How long ago a batch may have ended. Default 72h, at most 336h, and longer than interval and grace together.',
      )
      .optional(),
    grace: duration()
      .describe(
        'How long Google may take to deliver an event before it counts as missing. What ended within it is not looked at yet. Default 30m, at least 5m.',
      )
      .optional(),
    request: z
      .strictObject({
        id: requestID().describe('A new id sends once. The last 16 are remembered, so going back to one is harmless.'),
        since: givenTime()
          .describe(
            'Look at what ended since then, even if that is before status.backfill.since. Not longer ago than lookback; absent: all of lookback.',
          )
          .optional(),
      })
      .describe('Sends once, on demand, what is missing of a longer time, as a line in Git.')
      .optional(),
  })
  .describe(
    'Find the batches that ended without their event having arrived, and send that event to the receivers. An empty object switches it on. Interactions and videos cannot be listed at Google, so they cannot be found.',
  )

export const backfillStatusSchema = z
  .strictObject({
    since: time()
      .describe(
        'The missing events of batches that ended since then are sent without being asked for. Receivers have remembered since then what Google delivered.',
      )
      .optional(),
    lastTime: time()
      .describe('When the first run ended, or the last one that found any or answered a request.')
      .optional(),
    lastFound: z.int().min(0).describe('How many events that run found that Google had not delivered.').optional(),
    total: z.int().min(0).describe('How many were found since backfill was switched on.').optional(),
    handledRequestIDs: atomicListOf(text(64), 16)
      .describe('Ids of spec.backfill.request that never send again, newest last.')
      .optional(),
    failing: z
      .strictObject({
        since: time(),
        message: text(512).describe('What failed, and what to do.'),
      })
      .describe('Why runs fail, and since when. Absent while they succeed.')
      .optional(),
  })
  .describe('What backfill did. Without spec.backfill only handledRequestIDs stay.')

export type BackfillSpec = z.infer<typeof backfillSchema>
export type BackfillStatus = z.infer<typeof backfillStatusSchema>

/** Backfill, nothing left open, in milliseconds. */
export interface BackfillPolicy {
  intervalMs: number
  lookbackMs: number
  graceMs: number
}

/** As text, because the rules of the CRD need them too. */
export const backfillDefaults = { interval: '30m', lookback: '72h', grace: '30m' } as const

/** A duration that does not parse (possible only in an object that no CRD has checked) counts as absent; pure. */
export function backfillPolicyOf(backfill: BackfillSpec): BackfillPolicy {
  return {
    intervalMs: msOf(backfill, 'interval'),
    lookbackMs: msOf(backfill, 'lookback'),
    graceMs: msOf(backfill, 'grace'),
  }
}

function msOf(backfill: BackfillSpec, field: keyof typeof backfillDefaults): number {
  const given = parseDuration(backfill[field] ?? '')
  if (given.ok) return given.value
  const fallback = parseDuration(backfillDefaults[field])
  if (!fallback.ok) throw new Error(fallback.problem)
  return fallback.value
}
