import { filterExpressionOf } from '../../api/route-expression.ts'
import type { FilterSpec } from '../../api/sink.ts'
import { suffixExpressionOf, withoutSuffixes } from '../../api/suffix-expression.ts'
import { checkExpression } from '../../filter/check-filter.ts'

/**
 * A filter as receivers know it: with its suffixes in front of its expression. One whose expression is wrong by itself
 * keeps that alone, so that two wrong halves never make a whole, and receivers hold what waits for it. Pure.
 */
export function spellOut(filter: FilterSpec): FilterSpec {
  if (suffixExpressionOf(filter) === undefined) return filter
  const plain = withoutSuffixes(filter)
  const isSound = filter.cel === undefined || checkExpression(filter.cel).ok
  return isSound ? { ...plain, cel: filterExpressionOf(filter) } : plain
}
