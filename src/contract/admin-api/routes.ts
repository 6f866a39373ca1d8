import * as z from 'zod'

import { deadLetterBody, deadLetterPage, keptPage, pendingPage, replayed, retried, stats } from './answers.ts'
import { arrivedEvent, deliveryEntry, eventStreamQuery, recentAnswer, recentQuery, streamQuery } from './deliveries.ts'
import { limitUpTo, maxTextCharacters } from './fields.ts'
import { handedEvents, handedPage, handedRefs, released, takenOver } from './handover.ts'
import { maxHandedPage } from './page-limits.ts'
import { maxBodyBytes, type AdminRoute } from './route.ts'
import {
  deadLetterSelection,
  deadLetterTargets,
  keptSelection,
  pendingSelection,
  pendingTargets,
} from './selections.ts'

/** A page of events with their bodies. */
const maxEventsBytes = 16 * 1024 * 1024
const ignored = z.unknown()
const noId = 'give the deliveryId of a dead letter'

/** The admin API of a receiver. */
export const adminRoutes = {
  readStats: get('/v1/stats', 'Shows what this inbox holds, and how much of it each namespace uses.', ignored, stats),
  listRecent: get('/v1/deliveries', 'Lists recent requests and steps, newest first.', recentQuery, recentAnswer),
  listPending: get('/v1/pending', 'Lists pending deliveries, oldest first.', pendingSelection, pendingPage),
  retry: post(
    '/v1/retry',
    'Makes waiting deliveries due now, and leaves claimed ones alone. Attempts and `retryFor` do not change. A sink that gets only probes is tried at once.',
    pendingTargets,
    retried,
  ),
  listDeadLetters: get('/v1/deadletters', 'Lists dead letters, newest first.', deadLetterSelection, deadLetterPage),
  readDeadLetterBody: get(
    '/v1/deadletters/body',
    'Returns the event of one dead letter; 404 if it is no longer a dead letter.',
    z.looseObject({
      deliveryId: z.string(noId).min(1, noId).max(maxTextCharacters, noId).describe('Of the dead letter.'),
    }),
    deadLetterBody,
  ),
  listKept: get(
    '/v1/delivered',
    'Lists delivered events that are kept (`delivery.keepDelivered`), newest first.',
    keptSelection,
    keptPage,
  ),
  replay: post(
    '/v1/replay',
    'Sends dead letters again, or delivered events that are kept. A replayed delivery starts with new attempts, uses the current configuration of its sink, and is marked as replayed.',
    deadLetterTargets,
    replayed,
  ),
  beginHandover: post(
    '/v1/handover/begin',
    'Makes the receiver not ready, and stops sending until it is restarted. Answers once attempts have ended.',
    ignored,
    z.looseObject({}),
  ),
  listHandover: get(
    '/v1/handover',
    'Returns events with all their pending deliveries and dead letters.',
    z.looseObject({
      limit: limitUpTo(maxHandedPage).default(maxHandedPage).describe(`1 to ${maxHandedPage}, which is the default.`),
    }),
    handedPage,
  ),
  takeOver: {
    ...post('/v1/handover', 'Takes over events of another receiver.', handedEvents, takenOver),
    refusal: 'the body is no {events: [...]} as GET /v1/handover gives them',
    maxBodyBytes: maxEventsBytes,
  },
  release: {
    ...post('/v1/handover/done', 'Releases events that another receiver has taken over.', handedRefs, released),
    refusal: 'the body is no {refs: [...]}',
  },
} as const satisfies Readonly<Record<string, AdminRoute>>

export type AdminRoutes = typeof adminRoutes

/** Requests whose answers do not end: a line of JSON for each entry, from now on. */
export const deliveryStream = get(
  '/v1/deliveries/stream',
  'Streams requests and steps from then on, one line of JSON each.',
  streamQuery,
  deliveryEntry,
)

export const eventStream = get(
  '/v1/events/stream',
  'Streams events with their bodies as they are stored from then on, one line of JSON each.',
  eventStreamQuery,
  arrivedEvent,
)

function get<Given extends z.ZodType, Answer extends z.ZodType>(
  path: string,
  about: string,
  given: Given,
  answer: Answer,
) {
  return { method: 'GET', path, about, given, answer, maxBodyBytes } as const
}

function post<Given extends z.ZodType, Answer extends z.ZodType>(
  path: string,
  about: string,
  given: Given,
  answer: Answer,
) {
  return { method: 'POST', path, about, given, answer, maxBodyBytes } as const
}
