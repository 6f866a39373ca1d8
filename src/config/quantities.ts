import { ok, problem, type Result } from '../result.ts'
import { sumDuration } from '../sum-duration.ts'

/** Durations and sizes with a unit, as people write them in settings. */

const bytesPerUnit: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 }

/** `500ms`, `10s`, `1h30m`, `7d` in milliseconds. */
export function parseDuration(text: string): Result<number> {
  if (!/^(\d{1,9}(ms|s|m|h|d)){1,4}$/.test(text)) {
    return problem('is not a duration; write a number with its unit, such as 500ms, 10s, 5m or 1h30m')
  }
  return ok(sumDuration(text))
}

/** `64KiB`, `2GiB`, `1500B` in bytes. Powers of 1024 only: `k` and `M` mean different things to different readers. */
export function parseSize(text: string): Result<number> {
  const match = /^(\d{1,9})(B|KiB|MiB|GiB|TiB)$/.exec(text)
  if (match === null) return problem('is not a size; write a whole number with its unit, such as 256KiB or 2GiB')
  return ok(Number(match[1]) * (bytesPerUnit[match[2] ?? ''] ?? 0))
}
