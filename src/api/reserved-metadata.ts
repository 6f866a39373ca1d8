import { apiGroup } from './kind.ts'
import { managedByLabel } from './names.ts'

/**
 * The keys of labels and annotations that the spec may not put on a Secret, because they have another author: whatever
 * the spec says would be overwritten, and written again, without end. One list for the CRD, for its twin and for the
 * controller.
 */

/** Every annotation and label of ours begins so. */
const ownPrefix = `${apiGroup}/`
/** Ours, and what kubectl compares an applied Secret with: a forged one makes it remove what it never wrote. */
const reservedKeys: readonly string[] = [managedByLabel, 'kubectl.kubernetes.io/last-applied-configuration']

export const reservedKeysInWords = `${reservedKeys.join(', ')} or anything that begins with ${ownPrefix}`

export function isReservedKey(key: string): boolean {
  return key.startsWith(ownPrefix) || reservedKeys.includes(key)
}

/** A CEL condition on the keys of a map that may be absent. */
export function noneReservedCel(map: string): string {
  const listed = reservedKeys.map((key) => `'${key}'`).join(', ')
  return `!has(${map}) || ${map}.all(key, !key.startsWith('${ownPrefix}') && !(key in [${listed}]))`
}

/** Its twin. */
export function noneReserved(map: Readonly<Record<string, string>> | undefined): boolean {
  return !Object.keys(map ?? {}).some(isReservedKey)
}
