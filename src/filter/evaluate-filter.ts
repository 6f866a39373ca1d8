import type { SinkFilter } from '../keyring/entry.ts'
import { checkExpression, type FilterCheck } from './check-filter.ts'
import { metadataOf, metadataText, readEvent, viewOf, type ReadableEvent } from './read-event.ts'

/**
 * wanted, unwanted: the filter says so. failed: the expression threw on this event, gave no bool, or the event is too big to be judged; guessing either
 * way would lose it or leak it. invalid: the expression is not one that may run, whatever the event; a person has to correct it.
 */
export type FilterVerdict = 'wanted' | 'unwanted' | 'failed' | 'invalid'

interface FilterEvent {
  readonly type: string
  readonly body: Uint8Array
}

export type EvaluateFilter = (filter: SinkFilter, event: FilterEvent) => FilterVerdict

/** Compiling costs a hundred times what running does. More expressions than this take turns; nothing breaks. */
const maxCompiled = 4_096

/** Judges events by filters: all parts that a filter has must hold. Never throws. Keeps what it compiled, in bounds. */
export function createFilterEvaluator(): EvaluateFilter {
  const compiled = new Map<string, FilterCheck>()
  const compile = (text: string): FilterCheck => {
    const known = compiled.get(text)
    if (known !== undefined) return known
    const fresh = checkExpression(text)
    const oldest = compiled.size < maxCompiled ? undefined : compiled.keys().next().value
    if (oldest !== undefined) compiled.delete(oldest)
    compiled.set(text, fresh)
    return fresh
  }
  return (filter, { type, body }) => {
    const expression = filter.cel === undefined ? undefined : compile(filter.cel)
    // Before all else: a filter that is wrong must not depend on which event comes first.
    if (expression?.valid === false) return 'invalid'
    if (!wantsType(filter, type)) return 'unwanted'
    if (filter.metadataExact === undefined && filter.metadataPrefix === undefined && expression === undefined) {
      return 'wanted'
    }
    const event = readEvent(type, body)
    if (!wantsMetadata(filter, event)) return 'unwanted'
    return expression === undefined ? 'wanted' : evaluate(expression, event)
  }
}

/** Types are compared as they are, so an event whose type could not be read (`unknown`) passes only where it is asked for. */
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

function evaluate({ expression }: FilterCheck & { valid: true }, event: ReadableEvent): FilterVerdict {
  const view = viewOf(event)
  if (view === undefined) return 'failed'
  try {
    const result: unknown = expression({ event: view })
    if (typeof result !== 'boolean') return 'failed'
    return result ? 'wanted' : 'unwanted'
  } catch {
    return 'failed'
  }
}
