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

/** `metadataOfEvent`: as `metadataOf` finds it; not called where the filter asks for none. */
export function wantsMetadata(
  { metadataExact, metadataPrefix }: MetadataFilter,
  metadataOfEvent: () => JsonObject,
): boolean {
  // Stryker disable next-line ConditionalExpression,BlockStatement: the verdict is the same, this spares reading the body
  if (metadataExact === undefined && metadataPrefix === undefined) return true
  const metadata = metadataOfEvent()
  return (
    Object.entries(metadataExact ?? {}).every(([key, value]) => metadataText(metadata, key) === value) &&
    Object.entries(metadataPrefix ?? {}).every(
      ([key, prefix]) => metadataText(metadata, key)?.startsWith(prefix) === true,
    )
  )
}

/** Whether an event passes all parts of a filter but its expression. */
export function passesPlainParts(filter: SinkFilter, { type, body }: { type: string; body: Uint8Array }): boolean {
  return wantsType(filter, type) && wantsMetadata(filter, () => metadataOf(readEvent(type, body)))
}
