import type { KeyringEntry, ResolvedSink } from './entry.ts'

/** A sink that not every receiver can read, and where among the sinks of its object it stands. */
interface NewerSink {
  readonly at: number
  readonly sink: ResolvedSink
}

/** An entry as it stands in its Secret. */
export type StoredEntry = KeyringEntry & { newerSinks?: NewerSink[] | undefined }

/**
 * The entry as receivers from before there were Kafka sinks and transforms can read it: a sink that they do not know
 * stands apart, and among those that are held. They keep its events until they are replaced; without that, they would
 * not take an entry with a Kafka sink at all, and verify with old secrets.
 */
export function toStoredEntry(entry: KeyringEntry): StoredEntry {
  const placed = entry.sinks.map((sink, at) => ({ at, sink }))
  const newerSinks = placed.filter(({ sink }) => isNewer(sink))
  if (newerSinks.length === 0) return entry
  return {
    ...entry,
    sinks: entry.sinks.filter((sink) => !isNewer(sink)),
    heldSinks: [...(entry.heldSinks ?? []), ...newerSinks.map(({ sink }) => sink.name)],
    newerSinks,
  }
}

/** The entry that was stored. */
export function fromStoredEntry({ newerSinks, heldSinks, ...rest }: StoredEntry): KeyringEntry {
  if (newerSinks === undefined) return { ...rest, ...(heldSinks !== undefined && { heldSinks }) }
  const sinks = [...rest.sinks]
  for (const { at, sink } of newerSinks) sinks.splice(at, 0, sink)
  const names = new Set(newerSinks.map(({ sink }) => sink.name))
  const held = heldSinks?.filter((name) => !names.has(name)) ?? []
  return { ...rest, sinks, ...(held.length > 0 && { heldSinks: held }) }
}

/** Without its transform a destination would be sent what it does not take. */
function isNewer({ destination, deadLetter, transform, deadLetterTransform }: ResolvedSink): boolean {
  const isTransformed = transform !== undefined || deadLetterTransform !== undefined
  return isTransformed || destination.type === 'kafka' || deadLetter?.type === 'kafka'
}
