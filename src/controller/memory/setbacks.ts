import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Operation } from '../../api/status.ts'
import { fullyJitteredMs } from '../../backoff.ts'
import { longestPauseMs, settleMsOf, type WorkingConfig } from '../config.ts'
import { requestedLook } from '../facts/look-request.ts'
import type { SetbackView } from '../facts/observed.ts'
import { heldBackMs, oneMoreTry, type Retry } from './retry.ts'

/** An announced call that failed, with an effect that had to be waited for and looked up. */
export interface Setback extends Retry {
  readonly operation: Operation['type']
  readonly why: string
}

interface Subject {
  webhook: GeminiWebhook
  /** Of the API key; absent: none was seen. */
  fingerprint?: string | undefined
}

/** What makes the next try a first one: another spec, another API key, or somebody who asks for a look now. */
function occasionOf(operation: Operation['type'], { webhook, fingerprint = '' }: Subject): string {
  return [operation, webhook.metadata.generation, fingerprint, requestedLook(webhook) ?? ''].join(' ')
}

/**
 * One announced call more that failed with an unknown effect. After the first the settle time is pause enough: a lost
 * answer happens. From the second on the pause after it doubles, beginning with another settle time, with full jitter,
 * up to `longestPauseMs`.
 */
export function afterSetback(
  before: Setback | undefined,
  { operation, why }: Pick<Setback, 'operation' | 'why'>,
  subject: Subject,
  { nowMs, random, config }: { nowMs: number; random: () => number; config: SettleTimes },
): Setback {
  const baseMs = settleMsOf(config)
  const pauseMs = (row: number) =>
    row === 1 ? 0 : baseMs + fullyJitteredMs(row - 2, { baseMs, maxMs: longestPauseMs }, random)
  return { ...oneMoreTry(before, { occasion: occasionOf(operation, subject), nowMs, pauseMs }), operation, why }
}

export type SettleTimes = Pick<WorkingConfig, 'callTimeoutMs' | 'settleExtraMs'>

/** Until when calls of the kind that failed are held back; undefined when nothing is. */
export function viewSetback(setback: Setback | undefined, subject: Subject, nowMs: number): SetbackView | undefined {
  if (setback === undefined) return undefined
  const { operation, why } = setback
  const remainingMs = heldBackMs(setback, occasionOf(operation, subject), nowMs) ?? 0
  return remainingMs > 0 ? { operation, why, remainingMs } : undefined
}
