import { geminiWebhookPath } from '../api/kind.ts'
import { routeNameOf } from '../contract/route-owner.ts'
import { isBackfillId } from '../gemini/batch-job.ts'
import type { EventEnvelope } from '../gemini/event.ts'
import { subjectOf } from '../gemini/event-subject.ts'
import { deadLetterAttributesOf, type DeadLetterAttributes } from './dead-letter-attributes.ts'
import type { OutgoingDelivery } from './port.ts'

/**
 * The context attributes of a CloudEvent 1.0, `specversion` and data aside. Source and id together name the event,
 * whatever attempt this is; extension names have lower case letters and digits only, at most 20.
 */
export interface EventAttributes extends Partial<DeadLetterAttributes> {
  readonly id: string
  readonly source: string
  readonly type: string
  readonly subject?: string
  readonly time?: string
  readonly geminimode: 'static' | 'dynamic'
  readonly deliveryattempt: number
  readonly replayed: boolean
  /** `NAMESPACE/NAME` of the route that the event came by. */
  readonly geminiroute?: string
  /** Who sent it, where that was not Google. */
  readonly geminiorigin?: 'backfill'
}

const typePrefix = 'com.google.gemini.'
const typePattern = /^[a-z0-9_]+(\.[a-z0-9_]+)+$/
const maxTypeLength = 128

/** What a consumer learns about an event without reading its data. */
export function attributesOf(delivery: OutgoingDelivery, envelope: EventEnvelope): EventAttributes {
  const { event, attempt, replayed, deadLetter } = delivery
  const { timestamp } = envelope
  const { owner } = event
  const routeName = routeNameOf(owner.name)
  const subject = subjectOf(envelope)
  return {
    id: event.eventId,
    source: geminiWebhookPath(delivery.webhook ?? owner),
    type: typePrefix + eventTypeOf(envelope),
    ...(subject !== undefined && { subject }),
    ...(timestamp !== undefined && { time: timestamp }),
    geminimode: event.mode,
    deliveryattempt: attempt,
    replayed,
    ...(deadLetter !== undefined && deadLetterAttributesOf(deadLetter)),
    ...(routeName !== undefined && { geminiroute: `${owner.namespace}/${routeName}` }),
    ...(isBackfillId(event.eventId) && { geminiorigin: 'backfill' as const }),
  }
}

/**
 * Subscribers route by type, so that it must not carry anything but what an event type looks like; `unknown` for all
 * else.
 */
export function eventTypeOf({ type }: EventEnvelope): string {
  return type.length <= maxTypeLength && typePattern.test(type) ? type : 'unknown'
}
