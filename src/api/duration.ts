import { ok, problem, type Result } from '../result.ts'
import { sumDuration } from '../sum-duration.ts'
import { durationPattern } from './field-types.ts'

/**
 * Milliseconds of a duration of the resource, such as `2160h`, `1h30m` or `10s`: whole hours, minutes and seconds, one
 * to three parts, which add up.
 */
export function parseDuration(text: string): Result<number> {
  if (!durationPattern.test(text)) {
    return problem(`"${text.slice(0, 32)}" is not a duration such as 10s, 30m or 1h30m`)
  }
  return ok(sumDuration(text))
}

/** Whether a duration of the resource is from `leastMs` to `mostMs`; false where it is none. */
export function durationWithin(text: string, leastMs: number, mostMs: number): boolean {
  const parsed = parseDuration(text)
  return parsed.ok && parsed.value >= leastMs && parsed.value <= mostMs
}
