import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Operation } from '../../api/status.ts'
import { fullyJitteredMs } from '../../backoff.ts'
import { longestPauseMs, settleMsOf, type ControllerConfig } from '../config.ts'
import { requestedLook } from '../facts/look-request.ts'
import type { SetbackView } from '../facts/observed.ts'

/** Announced calls that failed one after the other, each with an effect that had to be waited for and looked up. */
export interface Setbacks {
  readonly operation: Operation['type']
  /** What was tried, with which key, at whose request: another one is another try, and begins anew. */
  readonly occasion: string
  readonly row: number
  readonly why: string
  /** The next is not announced before, on the monotonic clock. */
  readonly untilMs: number
}

interface Remembered {
  readonly setbacks?: Setbacks | undefined
  readonly fingerprint?: string | undefined
}

/** What makes the next try a first one: another spec, another API key, or somebody who asks for a look now. */
function occasionOf(webhook: GeminiWebhook, { fingerprint = '' }: Remembered): string {
  return [webhook.metadata.generation, fingerprint, requestedLook(webhook) ?? ''].join(' ')
}

/**
 * One announced call more that failed with an unknown effect. After the first the settle time is pause enough: a lost
 * answer happens. From the second on the pause after it doubles, beginning with another settle time, with full jitter,
 * up to `longestPauseMs`.
 */
export function afterSetback(
  remembered: Remembered,
  webhook: GeminiWebhook,
  { operation, why }: Pick<Setbacks, 'operation' | 'why'>,
  { nowMs, random, config }: { nowMs: number; random: () => number; config: SettleTimes },
): Setbacks {
  const { setbacks: before } = remembered
  const occasion = occasionOf(webhook, remembered)
  const continues = before?.occasion === occasion && before.operation === operation
  const row = continues ? before.row + 1 : 1
  const settleMs = settleMsOf(config)
  const pauseMs = settleMs + fullyJitteredMs(row - 2, { baseMs: settleMs, maxMs: longestPauseMs }, random)
  return { operation, occasion, row, why, untilMs: row === 1 ? -Infinity : nowMs + pauseMs }
}

export type SettleTimes = Pick<ControllerConfig, 'callTimeoutMs' | 'settleExtraMs'>

/** Until when calls of the kind that failed are held back; undefined when nothing is. */
export function viewSetback(webhook: GeminiWebhook, remembered: Remembered, nowMs: number): SetbackView | undefined {
  const { setbacks } = remembered
  if (setbacks === undefined || setbacks.untilMs <= nowMs) return undefined
  if (setbacks.occasion !== occasionOf(webhook, remembered)) return undefined
  const { operation, why, untilMs } = setbacks
  return { operation, why, remainingMs: untilMs - nowMs }
}
