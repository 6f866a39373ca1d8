import type { ResolvedSink } from '../keyring/entry.ts'

/**
 * Whether a sink wants an event of this type: one of the exact types, or one that begins with one of the prefixes. No filter, or one that names
 * nothing, wants everything. Types are compared as they are, so an event whose type could not be read (`unknown`) passes only where it is asked for.
 */
export function matchesFilter(filter: ResolvedSink['filter'], eventType: string): boolean {
  if (filter === undefined) return true
  const { typesExact, typesPrefix } = filter
  if (typesExact.length === 0 && typesPrefix.length === 0) return true
  return typesExact.includes(eventType) || typesPrefix.some((prefix) => eventType.startsWith(prefix))
}
