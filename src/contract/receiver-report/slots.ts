import { createHash } from 'node:crypto'

/**
 * The ConfigMaps that receivers report into: a fixed list, because RBAC can bind a right to names of objects and not to
 * the pod that calls. The controller makes them, and again when they are gone; a receiver may get and patch them, and
 * nothing else.
 */

/** The one ConfigMap of all receivers, as older versions have it. */
export const formerConfigMapName = 'gwh-receiver-reports'

/** How many there are: more receivers than this share some. */
export const slotCount = 16

export const slotNames: readonly string[] = Array.from({ length: slotCount }, (_, slot) => slotName(slot))

/** Finds them, also for people; a ConfigMap of the list without it is given it again. */
export const reportsLabel = { key: 'app.kubernetes.io/component', value: 'gemini-webhook-reports' } as const

/** `slot` may be any whole number from 0. */
export function slotName(slot: number): string {
  return `${formerConfigMapName}-${slot % slotCount}`
}

/**
 * Where a receiver looks for a place first: by its ordinal where its name ends in one, so that each has one of its own.
 */
export function firstSlotOf(podName: string): number {
  const ordinal = /-(\d{1,4})$/.exec(podName)?.[1]
  const number = ordinal === undefined ? createHash('sha256').update(podName).digest().readUInt32BE(0) : Number(ordinal)
  return number % slotCount
}
