import { hash } from 'node:crypto'

const hashBytes = 16

/**
 * Pure: what is remembered of an id. Half of a SHA-256: that two ids of a whole inbox are alike by chance is
 * practically impossible, and an id with the same hash as another cannot be found on purpose. Neither namespaces nor
 * names have a slash.
 */
export function eventIdHash(object: string, eventId: string): Uint8Array {
  return hash('sha256', `${object}/${eventId}`, 'buffer').subarray(0, hashBytes)
}
