import { durationPattern } from './field-types.ts'

const unitMs = { h: 3_600_000, m: 60_000, s: 1000 } as const

export type DurationResult = { valid: true; ms: number } | { valid: false; problem: string }

/** Reads a duration of the resource, such as `2160h`, `1h30m` or `10s`: whole hours, minutes and seconds, one to three parts, which add up. */
export function parseDuration(text: string): DurationResult {
  if (!durationPattern.test(text)) {
    return { valid: false, problem: `"${text.slice(0, 32)}" is not a duration such as 10s, 30m or 1h30m` }
  }
  let ms = 0
  for (const [, digits = '', unit = ''] of text.matchAll(/([0-9]+)(h|m|s)/g)) {
    ms += Number(digits) * (unit === 'h' || unit === 'm' ? unitMs[unit] : unitMs.s)
  }
  return { valid: true, ms }
}
