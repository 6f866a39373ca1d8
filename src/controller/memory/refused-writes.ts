import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../../api/names.ts'
import { backoffMs } from '../../backoff.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'
import { valueOf } from '../facts/lookup.ts'
import { withoutKey } from '../facts/without-key.ts'
import type { ObservedWebhook, RefusedWrite } from '../facts/observed.ts'
import { heldBackMs, oneMoreTry, type Retry } from './retry.ts'

/** A write that the API server refused for good, as this process remembers it. */
interface Remembered extends Retry {
  readonly failure: Readonly<Failure>
}

export type RefusedWrites = { readonly [type in Action['type']]?: Remembered }

/** The object and what was observed of it, by which a refused write is known again. */
export interface WriteSubject {
  webhook: GeminiWebhook
  observed: Pick<ObservedWebhook, 'secret' | 'keyring' | 'dynamic'>
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

/** One refusal more of a write that `type` is about. */
export function afterRefusedWrite(
  before: RefusedWrites = {},
  { type, failure }: { type: Action['type']; failure: Failure },
  subject: WriteSubject,
  { nowMs, random }: { nowMs: number; random: () => number },
): RefusedWrites {
  const held = heldTypeOf(type)
  const pauseMs = (row: number) => backoffMs(row - 1, pauses, random)
  const retry = oneMoreTry(before[held], { occasion: occasionOf(subject), nowMs, pauseMs })
  return { ...before, [held]: { ...retry, failure } }
}

/** What was refused is done. */
export function withoutRefusedWrite(before: RefusedWrites, type: Action['type']): RefusedWrites {
  return withoutKey(before, heldTypeOf(type))
}

/** What was refused and not done since; empty: nothing. */
export function viewRefusedWrites(
  writes: RefusedWrites | undefined,
  subject: WriteSubject,
  nowMs: number,
): RefusedWrite[] {
  const occasion = occasionOf(subject)
  return (Object.entries(writes ?? {}) as [Action['type'], Remembered][]).flatMap(([type, remembered]) => {
    const remainingMs = heldBackMs(remembered, occasion, nowMs)
    return remainingMs === undefined ? [] : [{ type, failure: remembered.failure, remainingMs }]
  })
}

/** A repair of what was refused most often changes one of these. */
function occasionOf({ webhook: { metadata }, observed: { secret, keyring, dynamic } }: WriteSubject): string {
  return [
    metadata.generation,
    metadata.annotations?.[reconcileRequestedAtAnnotation] ?? '',
    valueOf(secret)?.resourceVersion ?? '',
    dynamic === undefined ? '' : (valueOf(dynamic.secret)?.resourceVersion ?? ''),
    keyring === undefined ? 'untold' : 'told',
  ].join(' ')
}
