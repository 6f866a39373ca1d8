import { routeNameOf } from '../contract/route-owner.ts'
import type { InboxOwner } from '../inbox/port.ts'
import { fillSubject } from './nats-subject.ts'

/** Kafka's own limit; its characters are one byte each. */
const maxTopicLength = 249

/**
 * Fills `{namespace}`, `{name}` and `{type}` in, each as one token, as in a subject: whatever a value holds, the topic
 * stays below those of its namespace. undefined: what comes out is no topic that Kafka takes.
 */
export function fillTopic(template: string, owner: InboxOwner, eventType: string): string | undefined {
  const topic = fillSubject(template, owner, eventType)
  return topic !== undefined && topic.length <= maxTopicLength ? topic : undefined
}

/** What an event is about, for the key of its record. */
export interface KeyValues {
  readonly subject: string | undefined
  readonly id: string
  readonly type: string
  readonly owner: InboxOwner
}

/**
 * The key of a record, the values as they are: a key is any text. undefined: nothing is left of it, so that the event
 * goes to any partition.
 */
export function fillKey(template: string, { subject = '', id, type, owner }: KeyValues): string | undefined {
  const { namespace } = owner
  const values: Record<string, string> = { subject, id, type, namespace, name: routeNameOf(owner.name) ?? owner.name }
  const key = template.replaceAll(/\{(subject|id|type|namespace|name)\}/g, (_, word: string) => values[word] ?? '')
  return key === '' ? undefined : key
}
