import type { z } from 'zod'

/**
 * What is told of all that is wrong: that it could mean everything, then a field that is none, then the first field.
 */
export function problemOf(issues: readonly z.core.$ZodIssue[]): string {
  const ofAll = issues.find(({ code, path }) => code === 'custom' && path.length === 0)
  const ofUnknown = issues.find(({ code }) => code === 'unrecognized_keys')
  return (ofAll ?? ofUnknown ?? issues[0])?.message ?? ''
}
