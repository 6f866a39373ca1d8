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
  readStats: get('/v1/stats', 'What this inbox holds, and which namespace has how much of it.', ignored, stats),
  listRecent: get('/v1/deliveries', 'What happened last, newest first.', recentQuery, recentAnswer),
  listPending: get('/v1/pending', 'What has not ended, oldest first.', pendingSelection, pendingPage),
  retry: post(
    '/v1/retry',
    'Makes due now what waits, and leaves what is claimed alone. Attempts and `retryFor` stay as they are. A sink that is left alone is tried at once.',
    pendingTargets,
    retried,
  ),
  listDeadLetters: get('/v1/deadletters', 'What was given up, newest first.', deadLetterSelection, deadLetterPage),
  readDeadLetterBody: get(
    '/v1/deadletters/body',
    'The event of one dead letter; 404 when it is none any more.',
    z.looseObject({
      deliveryId: z.string(noId).min(1, noId).max(maxTextCharacters, noId).describe('Of the dead letter.'),
    }),
    deadLetterBody,
  ),
  listKept: get(
    '/v1/delivered',
    'What was delivered and is kept (`delivery.keepDelivered`), newest first.',
    keptSelection,
    keptPage,
  ),
  replay: post(
    '/v1/replay',
    "Sends dead letters again, or what was delivered and is kept. A replayed delivery starts with fresh attempts, uses today's configuration of its sink, and is marked as replayed in what the sink gets.",
    deadLetterTargets,
    replayed,
  ),
  beginHandover: post(
    '/v1/handover/begin',
    'The receiver turns not ready and sends nothing more until it is restarted. Answers once attempts have ended.',
    ignored,
    z.looseObject({}),
  ),
  listHandover: get(
    '/v1/handover',
    'Events with all that has not ended of them.',
    z.looseObject({
      limit: limitUpTo(maxHandedPage).default(maxHandedPage).describe(`1 to ${maxHandedPage}, which is the default.`),
    }),
    handedPage,
  ),
  takeOver: {
    ...post('/v1/handover', 'Takes events of another receiver over.', handedEvents, takenOver),
    refusal: 'the body is no {events: [...]} as GET /v1/handover gives them',
    maxBodyBytes: maxEventsBytes,
  },
  release: {
    ...post('/v1/handover/done', 'Ends here what is elsewhere.', handedRefs, released),
    refusal: 'the body is no {refs: [...]}',
  },
} as const satisfies Readonly<Record<string, AdminRoute>>

export type AdminRoutes = typeof adminRoutes

/** Requests whose answers do not end: a line of JSON for each entry, from now on. */
export const deliveryStream = get(
  '/v1/deliveries/stream',
  'What happens from then on, one line of JSON each.',
  streamQuery,
  deliveryEntry,
)

export const eventStream = get(
  '/v1/events/stream',
  'Events with their bodies, as they are stored from then on, one line of JSON each.',
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
