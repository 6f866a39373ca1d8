import { createHash } from 'node:crypto'

import type { KubernetesObject, ResourceKind } from './client.ts'
import { formatMicroTime } from './micro-time.ts'

export const eventKind: ResourceKind = {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  namespaced: true,
}

/** The object that an Event is about. `kubectl describe` finds Events by these fields, so all of them matter. */
interface Regarding {
  apiVersion: string
  kind: string
  /** Empty for cluster-scoped objects; their Events live in `default`. */
  namespace: string
  name: string
  uid: string
}

export interface NewKubernetesEvent {
  regarding: Regarding
  type: 'Normal' | 'Warning'
  /** CamelCase, from a closed list. At most 128 characters. */
  reason: string
  /** CamelCase: what was being done. At most 128 characters. */
  action: string
  /** For people. Cut at 1,024 bytes. Never a secret. */
  note: string
}

export interface EventSeries {
  /** At least 2. */
  count: number
  lastObservedTime: string
}

interface EventObject extends KubernetesObject {
  eventTime: string
  reportingController: string
  reportingInstance: string
  action: string
  reason: string
  regarding: Regarding
  note: string
  type: string
  series?: EventSeries
}

/** The API server's limit, which it counts in bytes. */
export const maxNoteBytes = 1024

const maxNameLength = 253

/** What distinguishes two Events: everything else is an occurrence of the same. */
export function seriesKeyOf({ regarding, type, reason, action, note }: NewKubernetesEvent): string {
  return JSON.stringify([
    regarding.uid,
    regarding.namespace,
    regarding.kind,
    regarding.name,
    type,
    reason,
    action,
    note,
  ])
}

/** Objects are limited as a whole: one that misbehaves must not use up the budget of the others. */
export function objectKeyOf({ uid, namespace, kind, name }: Regarding): string {
  return JSON.stringify([uid, namespace, kind, name])
}

/**
 * `firstMs` and the reporter go into the name's hash, so that a later series, or another replica's, is an object of its
 * own.
 */
export function toEventObject(
  event: NewKubernetesEvent,
  reporter: { controller: string; instance: string },
  firstMs: number,
): EventObject {
  const { regarding } = event
  const seed = JSON.stringify([seriesKeyOf(event), reporter, firstMs])
  return {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: {
      name: eventName(regarding.name, createHash('sha256').update(seed).digest('hex').slice(0, 16)),
      namespace: regarding.namespace === '' ? 'default' : regarding.namespace,
    },
    eventTime: formatMicroTime(firstMs),
    reportingController: reporter.controller,
    reportingInstance: reporter.instance,
    action: event.action,
    reason: event.reason,
    regarding,
    note: cutNote(event.note),
    type: event.type,
  }
}

/**
 * An Event's name is a DNS subdomain of at most 253 characters that starts with the object's, which may itself be that
 * long.
 */
function eventName(objectName: string, hash: string): string {
  const cut = objectName.slice(0, maxNameLength - hash.length - 1).replace(/[.-]+$/, '')
  return `${cut}.${hash}`
}

/** Cuts at a character, not inside one: half a character would be refused, and the Event lost. */
export function cutNote(note: string): string {
  const bytes = new TextEncoder().encode(note)
  if (bytes.length <= maxNoteBytes) return note
  const ellipsis = '...'
  let end = maxNoteBytes - ellipsis.length
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1
  return new TextDecoder().decode(bytes.subarray(0, end)) + ellipsis
}
