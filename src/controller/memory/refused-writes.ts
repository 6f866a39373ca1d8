import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../api/names.ts'
import { backoffMs } from '../../backoff.ts'
import type { Clock } from '../../clock.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'
import { valueOf } from '../facts/lookup.ts'
import type { ObservedWebhook, RefusedWrite } from '../facts/observed.ts'

/** A write that the API server refused for good, as this process remembers it. */
interface Remembered {
  failure: Failure
  row: number
  /** What it was refused for: with another spec, Secret or request it is another write, and begins anew. */
  occasion: string
  /** Not tried again before, on the monotonic clock. */
  untilMs: number
}

export type RefusedWrites = Partial<Record<Action['type'], Remembered>>

interface Memory {
  refusedWrites?: RefusedWrites
}

/**
 * What changes a refusal can rarely be seen from here, so it is asked for again: soon at first, then as often as any
 * failing object.
 */
const pauses = { baseMs: 500, maxMs: 300_000 } as const

/** The call itself only shows what its rehearsal would: both are held back by holding back the intent. */
function heldTypeOf(type: Action['type']): Action['type'] {
  return type === 'RegisterWebhook' || type === 'RotateSigningSecret' ? 'RecordIntent' : type
}

export function noteRefusedWrite(
  type: Action['type'],
  failure: Failure,
  { webhook, observed }: { webhook: GeminiWebhook; observed: ObservedWebhook },
  { recollection, clock, random }: { recollection: Memory; clock: Clock; random: () => number },
): void {
  const held = heldTypeOf(type)
  const before = recollection.refusedWrites?.[held]
  const occasion = occasionOf(webhook, observed)
  const row = before?.occasion === occasion ? before.row + 1 : 1
  const untilMs = clock.monotonic() + backoffMs(row - 1, pauses, random)
  recollection.refusedWrites = { ...recollection.refusedWrites, [held]: { failure, row, occasion, untilMs } }
}

/** What was refused is done. */
export function forgetRefusedWrite(type: Action['type'], { recollection }: { recollection: Memory }): void {
  if (recollection.refusedWrites !== undefined) delete recollection.refusedWrites[heldTypeOf(type)]
}

/** What was refused and not done since; empty: nothing. */
export function viewRefusedWrites(
  webhook: GeminiWebhook,
  observed: Pick<ObservedWebhook, 'secret' | 'keyring' | 'dynamic'>,
  { refusedWrites = {} }: Memory,
  nowMs: number,
): RefusedWrite[] {
  const occasion = occasionOf(webhook, observed)
  return (Object.entries(refusedWrites) as [Action['type'], Remembered][])
    .filter(([, remembered]) => remembered.occasion === occasion)
    .map(([type, { failure, untilMs }]) => ({ type, failure, remainingMs: Math.max(untilMs - nowMs, 0) }))
}

/** Whoever mends what was refused most often touches one of these. */
function occasionOf(
  { metadata }: GeminiWebhook,
  { secret, keyring, dynamic }: Pick<ObservedWebhook, 'secret' | 'keyring' | 'dynamic'>,
): string {
  return [
    metadata.generation,
    metadata.annotations?.[reconcileRequestedAtAnnotation] ?? '',
    valueOf(secret)?.resourceVersion ?? '',
    dynamic === undefined ? '' : (valueOf(dynamic.secret)?.resourceVersion ?? ''),
    keyring === undefined ? 'untold' : 'told',
  ].join(' ')
}
