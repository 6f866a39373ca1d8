import { createHash } from 'node:crypto'

import type { Taker } from '../../fairness/shared-room.ts'
import type { InboxOwner } from '../port.ts'

/**
 * The stream is the table: one subject per event and one per delivery that was ever touched, each with its last message
 * only. Names stay readable for people with the `nats` tool wherever they fit into one token.
 */

const plainToken = /^[A-Za-z0-9_-]{1,64}$/

/** One subject token; what does not fit becomes a digest, marked by a character that no plain token has. */
export function tokenOf(text: string): string {
  return plainToken.test(text) ? text : `~${createHash('sha256').update(text).digest('base64url')}`
}

/** Namespace, name and event id: the dedupe key. */
export function eventKeyOf(owner: Pick<InboxOwner, 'namespace' | 'name'>, eventId: string): string {
  return `${tokenOf(owner.namespace)}.${tokenOf(owner.name)}.${tokenOf(eventId)}`
}

/**
 * Pure: whose event it is, as the rooms name them: by namespace and name, which is all that is left of a remembered id.
 */
export function takerOf(key: string): Taker {
  const [namespace = '', name = ''] = key.split('.')
  return [namespace, name]
}

/** Pure: the same, of an object. */
export function takerOfOwner({ namespace, name }: InboxOwner): Taker {
  return [tokenOf(namespace), tokenOf(name)]
}

export type ParsedSubject =
  { kind: 'event'; key: string } | { kind: 'delivery'; key: string; sinkToken: string } | { kind: 'foreign' }

export class Subjects {
  readonly #prefix: string

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get all(): string {
    return `${this.#prefix}.>`
  }

  event(key: string): string {
    return `${this.#prefix}.event.${key}`
  }

  delivery(key: string, sinkToken: string): string {
    return `${this.#prefix}.delivery.${key}.${sinkToken}`
  }

  parse(subject: string): ParsedSubject {
    if (!subject.startsWith(`${this.#prefix}.`)) return { kind: 'foreign' }
    const [kind, namespace, name, id, sinkToken, ...more] = subject.slice(this.#prefix.length + 1).split('.')
    if (id === undefined || more.length > 0) return { kind: 'foreign' }
    const key = `${namespace}.${name}.${id}`
    if (kind === 'event' && sinkToken === undefined) return { kind: 'event', key }
    if (kind === 'delivery' && sinkToken !== undefined) return { kind: 'delivery', key, sinkToken }
    return { kind: 'foreign' }
  }
}
