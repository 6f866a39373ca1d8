import type { KeyringEntry, ResolvedSink } from './entry.ts'

/**
 * What of a sink not every receiver knows. A receiver that does not know each need of a sink holds it: without its
 * transform a destination would be sent what it does not take.
 */
const knownNeeds = new Set<string>(['kafka', 'transform'])

/** A sink that not every receiver can serve, and where among the sinks of its object it stands. */
interface NewerSink {
  readonly at: number
  /** Absent: written by a controller from before it was told, which knew no other needs than this program. */
  readonly needs?: readonly string[] | undefined
  readonly sink: ResolvedSink
}

/** The same as it was read: without its sink where this program does not know all that it needs. */
type ReadNewerSink = Pick<NewerSink, 'at'> & { readonly sink?: ResolvedSink | undefined }

/** An entry as it stands in its Secret. */
export type StoredEntry = KeyringEntry & { newerSinks?: NewerSink[] | undefined }
type ReadEntry = KeyringEntry & { newerSinks?: readonly ReadNewerSink[] | undefined }

export function isKnownNeed(need: string): boolean {
  return knownNeeds.has(need)
}

/**
 * The entry as receivers from before there were Kafka sinks and transforms can read it: a sink that they do not know
 * stands apart, and among those that are held. They keep its events until they are replaced; without that, they would
 * not take an entry with a Kafka sink at all, and verify with old secrets.
 */
export function toStoredEntry(entry: KeyringEntry): StoredEntry {
  const placed = entry.sinks.map((sink, at) => ({ at, needs: needsOf(sink), sink }))
  const newerSinks = placed.filter(({ needs }) => needs.length > 0)
  if (newerSinks.length === 0) return entry
  return {
    ...entry,
    sinks: entry.sinks.filter((sink) => needsOf(sink).length === 0),
    heldSinks: [...(entry.heldSinks ?? []), ...newerSinks.map(({ sink }) => sink.name)],
    newerSinks,
  }
}

/** The entry that was stored. Sinks of a later version stay held, and the rest is served. */
export function fromStoredEntry({ newerSinks, heldSinks, ...rest }: ReadEntry): KeyringEntry {
  const sinks = [...rest.sinks]
  const names = new Set<string>()
  let missing = 0
  for (const { at, sink } of newerSinks ?? []) {
    if (sink === undefined) {
      missing += 1
      continue
    }
    sinks.splice(at - missing, 0, sink)
    names.add(sink.name)
  }
  const held = heldSinks?.filter((name) => !names.has(name)) ?? []
  return { ...rest, sinks, ...(held.length > 0 && { heldSinks: held }) }
}

function needsOf({ destination, deadLetter, transform, deadLetterTransform }: ResolvedSink): string[] {
  const isTransformed = transform !== undefined || deadLetterTransform !== undefined
  const isOfKafka = destination.type === 'kafka' || deadLetter?.type === 'kafka'
  return [...(isOfKafka ? ['kafka'] : []), ...(isTransformed ? ['transform'] : [])]
}
