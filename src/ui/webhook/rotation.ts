import { parseDuration } from '../../api/duration.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { RotationSpec } from '../../api/spec.ts'
import type { RotationView, SecretView } from '../../contract/page/webhook-detail.ts'
import { nextRotationMs, scheduleProblems } from '../../controller/rotation/rotation-schedule.ts'
import { nextOpportunity } from '../../controller/rotation/rotation-window.ts'

type WindowSpec = NonNullable<RotationSpec['windows']>[number]

/** Enough to see the rhythm. */
const openingsShown = 5

/** When the signing secret is replaced: what was, what is due, and when a window lets it. Pure. */
export function rotationOf(webhook: GeminiWebhook, nowMs: number): RotationView {
  const { spec, status } = webhook
  const { interval, windows = [] } = spec.rotation ?? {}
  const lastMs = msOf(status?.rotation?.lastRotationTime)
  const nextMs = nextRotationMs(webhook, nowMs)
  const operation = status?.operation
  return {
    ...(lastMs !== undefined && { lastMs }),
    ...(nextMs !== undefined && { nextMs }),
    ...(interval !== undefined && { interval }),
    windows: windows.map((window) => ({
      cron: window.cron,
      duration: window.duration,
      timeZone: window.timeZone ?? 'UTC',
      openings: openingsOf(window, nowMs),
    })),
    ...(operation?.type === 'Rotate' && {
      underWay: {
        ...(operation.cause !== undefined && { cause: operation.cause }),
        sinceMs: Date.parse(operation.startTime),
      },
    }),
    problems: scheduleProblems(webhook, nowMs),
  }
}

/** Oldest first. Of the former one only its end is known. Pure. */
export function secretsOf({ status }: GeminiWebhook, nowMs: number): SecretView[] {
  const { hint, previousExpireTime } = status?.signingSecret ?? {}
  const fromMs = msOf(status?.rotation?.lastRotationTime)
  const untilMs = msOf(previousExpireTime)
  const former: SecretView[] = untilMs === undefined || untilMs <= nowMs ? [] : [{ state: 'Overlapping', untilMs }]
  if (hint === undefined) return former
  return [...former, { hint, state: 'InForce', ...(fromMs !== undefined && { fromMs }) }]
}

/** Empty where it never opens. */
function openingsOf(window: WindowSpec, nowMs: number): { fromMs: number; untilMs: number }[] {
  const length = parseDuration(window.duration)
  if (!length.ok) return []
  const openings: { fromMs: number; untilMs: number }[] = []
  let afterMs = nowMs
  while (openings.length < openingsShown) {
    const fromMs = nextOpportunity([window], { dueMs: 0, nowMs: afterMs, share: 0 })
    if (fromMs === undefined) break
    const untilMs = fromMs + length.value
    openings.push({ fromMs, untilMs })
    afterMs = Math.max(untilMs, afterMs + 1)
  }
  return openings
}

function msOf(time: string | undefined): number | undefined {
  return time === undefined ? undefined : Date.parse(time)
}
