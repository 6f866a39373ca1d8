import type { GeminiWebhookStatus } from '../../api/status.ts'
import { awayToldMs } from '../../contract/receiver-report/report.ts'
import { formatTime } from '../../format-time.ts'
import type { BackfillView } from '../facts/backfill-view.ts'
import { coversGap } from '../facts/covers-gap.ts'
import { timeOf } from '../facts/time-of.ts'
import type { Outage, SeenOutages } from './outages.ts'

export type Gap = NonNullable<GeminiWebhookStatus['gap']>

type Covered = NonNullable<BackfillView['covered']>

/**
 * The gap as it is to be told: the one of before, what is seen of outages now, and what backfill has covered since. One
 * that nothing covered grows by what follows; one that was covered makes way for the next. It is forgotten when nothing
 * of its time can be found any more. Pure.
 */
export function foldGap(
  before: Gap | undefined,
  { outages, over }: SeenOutages,
  looked: Covered | undefined,
  nowMs: number,
): Gap | undefined {
  const open = outages.filter(({ untilMs }) => untilMs === undefined)
  const lasting = open.reduce((gap, outage) => widened(gap, outage), before)
  const known = outages.filter((outage) => outage.untilMs !== undefined).reduce(withPast, lasting)
  if (known === undefined) return undefined
  if (known.until === undefined) return open.length === 0 && over.has(known.cause) ? closed(known, nowMs) : known
  if (nowMs - (timeOf(known.until) ?? nowMs) > awayToldMs) return undefined
  return known.coveredTime === undefined && looked !== undefined && coversGap(looked, known)
    ? { ...known, coveredTime: formatTime(nowMs) }
    : known
}

function closed({ since, cause }: Gap, nowMs: number): Gap {
  return { since, until: formatTime(nowMs), cause }
}

/** By an outage that lasts. */
function widened(gap: Gap | undefined, { cause, sinceMs }: Outage): Gap {
  if (gap === undefined) return { since: formatTime(sinceMs), cause }
  const untilMs = timeOf(gap.until) ?? 0
  if (gap.coveredTime !== undefined) return { since: formatTime(Math.max(sinceMs, untilMs)), cause }
  const since = formatTime(Math.min(sinceMs, timeOf(gap.since) ?? sinceMs))
  // The cause of one that lasts is the first that was seen.
  return { since, cause: gap.until === undefined ? gap.cause : cause }
}

/** By one that was over when it was told. It is told again and again, for as long as its receiver lives. */
function withPast(gap: Gap | undefined, { cause, sinceMs, untilMs = 0 }: Outage): Gap {
  const told = { since: formatTime(sinceMs), until: formatTime(untilMs), cause }
  if (gap === undefined) return told
  const [fromMs, toMs] = [timeOf(gap.since) ?? sinceMs, timeOf(gap.until) ?? Infinity]
  const isOlder = untilMs <= fromMs
  const isWithin = sinceMs >= fromMs && untilMs <= toMs
  if (isOlder || isWithin || (gap.coveredTime !== undefined && untilMs <= toMs)) return gap
  if (gap.coveredTime !== undefined) return { ...told, since: formatTime(Math.max(sinceMs, toMs)) }
  const since = formatTime(Math.min(sinceMs, fromMs))
  return toMs === Infinity ? { ...gap, since } : { ...gap, since, until: formatTime(Math.max(untilMs, toMs)) }
}
