import type { FilterSpec, SinkSpec } from '../../api/sink.ts'
import type { RouteEntry } from '../../contract/keyring/entry.ts'
import { withoutSuffixes } from '../../api/suffix-expression.ts'
import { checkExpression } from '../../filter/check-filter.ts'
import { spellOut } from '../sinks/spell-out.ts'

/** The sinks of a route with its expression in front of their own, and what is wrong with that of the route. */
export interface ComposedSinks {
  sinks: readonly SinkSpec[]
  problem?: string
}

/**
 * Puts the expression of a route in front of that of each sink: it is evaluated with them, under the same guard, and
 * delays nobody but the route. So are the suffixes of the route. An expression that is wrong by itself stands alone, so
 * that two wrong halves never make a whole, and receivers hold what waits for it. Pure.
 */
export function composeSinks(filter: FilterSpec | undefined, sinks: readonly SinkSpec[]): ComposedSinks {
  const cel = filter && spellOut(filter).cel
  if (cel === undefined) return { sinks }
  const checked = checkExpression(cel)
  if (!checked.ok) return { sinks: sinks.map((sink) => withExpression(sink, cel)), problem: checked.problem }
  return {
    sinks: sinks.map((sink) => {
      const own = sink.filter?.cel
      if (own === undefined) return withExpression(sink, cel)
      // The line breaks end a comment.
      return checkExpression(own).ok ? withExpression(sink, `(${cel}\n) && (${own}\n)`) : sink
    }),
  }
}

function withExpression(sink: SinkSpec, cel: string): SinkSpec {
  return { ...sink, filter: { ...sink.filter, cel } }
}

/** What an index of routes judges: types and metadata, but for suffixes. Undefined: every event passes. */
export function indexedFilterOf(filter: FilterSpec | undefined): RouteEntry['filter'] {
  const { types, metadata } = filter === undefined ? {} : withoutSuffixes(filter)
  if (types === undefined && metadata === undefined) return undefined
  return {
    typesExact: types?.exact ?? [],
    typesPrefix: types?.prefix ?? [],
    ...(metadata?.exact !== undefined && { metadataExact: metadata.exact }),
    ...(metadata?.prefix !== undefined && { metadataPrefix: metadata.prefix }),
  }
}
