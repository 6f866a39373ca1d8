import type { SinkFilter } from '../contract/keyring/entry.ts'
import { metadataOf, metadataText, readEvent, type ReadableEvent } from './read-event.ts'

/**
 * The parts of a filter that are compared and not computed. Types are compared as they are, so an event whose type
 * could not be read (`unknown`) passes only where it is asked for.
 */
function wantsType({ typesExact, typesPrefix }: SinkFilter, type: string): boolean {
  if (typesExact.length === 0 && typesPrefix.length === 0) return true
  return typesExact.includes(type) || typesPrefix.some((prefix) => type.startsWith(prefix))
}

function wantsMetadata({ metadataExact = {}, metadataPrefix = {} }: SinkFilter, event: ReadableEvent): boolean {
  const metadata = metadataOf(event)
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
  return wantsMetadata(filter, readEvent(type, body))
}
