import type * as z from 'zod'

/**
 * Which problem is reported when there are several: first a selection that would mean everything, then an unknown
 * field, then the first wrong field.
 */
export function problemOf(issues: readonly z.core.$ZodIssue[]): string {
  const ofAll = issues.find(({ code, path }) => code === 'custom' && path.length === 0)
  const ofUnknown = issues.find(({ code }) => code === 'unrecognized_keys')
  return (ofAll ?? ofUnknown ?? issues[0])?.message ?? ''
}
