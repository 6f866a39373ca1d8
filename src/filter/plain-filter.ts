import type { SinkFilter } from '../contract/keyring/entry.ts'
import { metadataOf, metadataText, readEvent, type JsonObject } from './read-event.ts'

type TypeFilter = Pick<SinkFilter, 'typesExact' | 'typesPrefix'>
type MetadataFilter = Pick<SinkFilter, 'metadataExact' | 'metadataPrefix'>

/**
 * The parts of a filter that are compared and not computed. Types are compared as they are, so an event whose type
 * could not be read (`unknown`) passes only where it is asked for.
 */
export function wantsType({ typesExact, typesPrefix }: TypeFilter, type: string): boolean {
  if (typesExact.length === 0 && typesPrefix.length === 0) return true
  return typesExact.includes(type) || typesPrefix.some((prefix) => type.startsWith(prefix))
}

/** `metadata`: of the event, as `metadataOf` finds it. */
export function wantsMetadata(
  { metadataExact = {}, metadataPrefix = {} }: MetadataFilter,
  metadata: JsonObject,
): boolean {
  return (
    Object.entries(metadataExact).every(([key, value]) => metadataText(metadata, key) === value) &&
    Object.entries(metadataPrefix).every(([key, prefix]) => metadataText(metadata, key)?.startsWith(prefix) === true)
  )
}

/** Whether an event passes all parts of a filter but its expression. */
export function passesPlainParts(filter: SinkFilter, { type, body }: { type: string; body: Uint8Array }): boolean {
  if (!wantsType(filter, type)) return false
  // Stryker disable next-line ConditionalExpression,BlockStatement: the verdict is the same, this spares reading the body
  if (filter.metadataExact === undefined && filter.metadataPrefix === undefined) return true
  return wantsMetadata(filter, metadataOf(readEvent(type, body)))
}
