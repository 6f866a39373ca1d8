import type { KeyringEntry } from './entry.ts'

/** Every sink of the spec, those too that cannot be resolved now: an event fixes its sinks when it comes. */
export function sinkNamesOf({ sinks, heldSinks = [] }: Pick<KeyringEntry, 'sinks' | 'heldSinks'>): string[] {
  return [...sinks.map(({ name }) => name), ...heldSinks]
}
