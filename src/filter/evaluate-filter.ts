import type { SinkFilter } from '../contract/keyring/entry.ts'
import { checkExpressions, rememberChecks, type CheckedExpression, type CheckExpression } from './check-filter.ts'
import type { Expression } from './expression.ts'
import { passesPlainParts } from './plain-filter.ts'
import { readEvent, type ReadableEvent } from './read-event.ts'
import type { FilterVerdict } from './verdict.ts'
import { viewOf, type Circumstances } from './view-event.ts'

export interface FilterEvent extends Circumstances {
  readonly type: string
  readonly body: Uint8Array
}

/**
 * `expressions`: of all sinks of the object, since they share what they may cost; this one's counts, whether it is
 * among them or not.
 */
export type EvaluateFilter = (
  filter: SinkFilter,
  event: FilterEvent,
  expressions: readonly Expression[],
) => FilterVerdict

/**
 * Compiling costs ten times what running does. With more expressions than this, some are compiled again; the cache
 * takes a megabyte or two.
 */
export const maxCompiled = 512

/**
 * Judges events by filters, expressions included: all parts that a filter has must hold. Never throws. Keeps what it
 * compiled, in bounds, and nothing of an event. Takes as long as the expression does: for a thread of its own (see
 * judge-filter.ts).
 */
export function createFilterEvaluator(compile: CheckExpression = rememberChecks(maxCompiled)): EvaluateFilter {
  return (filter, event, expressions) => {
    const { cel } = filter
    // Before all else: a filter that is wrong must not depend on which event comes first.
    const all = cel === undefined || expressions.includes(cel) ? expressions : [...expressions, cel]
    const expression = cel === undefined ? undefined : checkExpressions(all, compile).get(cel)
    if (expression?.ok === false) return 'invalid'
    if (!passesPlainParts(filter, event)) return 'unwanted'
    return expression === undefined ? 'wanted' : evaluate(expression.value, readEvent(event.type, event.body), event)
  }
}

function evaluate(
  { expression }: CheckedExpression,
  event: ReadableEvent,
  circumstances: Circumstances,
): FilterVerdict {
  const view = viewOf(event, circumstances)
  if (view === undefined) return 'failed'
  try {
    const result: unknown = expression({ event: view })
    if (typeof result !== 'boolean') return 'failed'
    return result ? 'wanted' : 'unwanted'
  } catch {
    return 'failed'
  }
}
