import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { WorkingConfig } from '../config.ts'
import { disabledByGoogle } from '../facts/differences.ts'
import type { LookRequest } from '../facts/look-request.ts'
import type { RemoteLookup, RevealedSecret } from '../facts/observed.ts'
import type { ProbeOutcome } from '../facts/probe.ts'
import type { RememberedIntent } from './intent.ts'
import type { Refusal } from './refusals.ts'
import type { RefusedWrites } from './refused-writes.ts'
import type { Retry } from './retry.ts'
import type { Setback } from './setbacks.ts'

/**
 * What this process knows about one object beyond what is written down: a value that nobody changes, and that only the
 * verbs of `Memory` replace by another. Losing it (restart, new leader) costs time, never correctness: every rule falls
 * back on waiting and asking. All times are on the monotonic clock.
 */
export interface Recollection {
  readonly firstSightMs: number
  /** When our last change of the webhook at Google was sent. */
  readonly lastMutationMs?: number | undefined
  readonly intent?: RememberedIntent | undefined
  readonly revealed?: RevealedSecret | undefined
  /** The attempt whose secret was told not to be stored. */
  readonly unstoredReported?: string | undefined
  /** The open endpoint check, and since when receivers could see it. */
  readonly checkSeen?: { readonly attemptID: string; readonly atMs: number } | undefined
  readonly ping?: { readonly attemptID: string; readonly sent: number; readonly atMs: number } | undefined
  readonly failedCheck?: { readonly prefix: string; readonly atMs: number } | undefined
  /** The last request of our own to the public URL, and what it would prove. */
  readonly probe?:
    { readonly proof: string; readonly outcome: Readonly<ProbeOutcome>; readonly atMs: number } | undefined
  /** The entry of `status.webhook.reenableTimes` under which the next enabling is counted already. */
  readonly reenableCountedAs?: string | undefined
  /** The webhooks of this object that this process deleted, and Google said so; with when. */
  readonly deleted?: ReadonlyMap<string, number> | undefined
  /** When the list was started that last showed one of them all the same: only a newer one says more. */
  readonly newerThanMs?: number | undefined
  /** The request to look now that status does not acknowledge yet. */
  readonly look?: LookRequest | undefined
  /** What the last read by id showed. */
  readonly read?: { readonly id: string; readonly hint: string | undefined; readonly atMs: number } | undefined
  /** The first of two reads by id that found nothing. */
  readonly gone?: { readonly id: string; readonly atMs: number } | undefined
  /** The webhook at Google that the object acts on, seen with its own API key. */
  readonly claim?: string | undefined
  /** `namespace/name` of the object that has the better right to what this one names. */
  readonly yieldsTo?: string | undefined
  /**
   * Since when every pass has failed in a way that passes by itself. No retry: it holds nothing back, and decides only
   * from when on status tells of it.
   */
  readonly failingSinceMs?: number | undefined
  /** When counts of deliveries were last written to the status. */
  readonly countsWrittenMs?: number | undefined
  readonly keylessSinceMs?: number | undefined
  readonly deletingSinceMs?: number | undefined
  readonly retries: Retries
  /**
   * Passes in a row that went on at once. No retry: each did what it had to, and only their number is suspicious.
   */
  readonly passesWithoutRest: number
  /** The API key this object was last served with. */
  readonly fingerprint?: string | undefined
  /** The installation that serves the object instead of this one; it was told once. */
  readonly leftTo?: string | undefined
  /** Our finalizer is gone: the cache may show the object for a while, and there is nothing left to do for it. */
  readonly released?: true | undefined
  /** Our last write of the object, until the cache shows it: nothing older is worked on. */
  readonly written?: GeminiWebhook | undefined
}

/** What is tried again, whatever else the object is about. */
export interface Retries {
  /** What Google refused of the spec. */
  readonly refusal?: Refusal | undefined
  /** The announced call that failed last. */
  readonly setback?: Setback | undefined
  /** What the API server refused, by the action that it is part of. */
  readonly writes?: RefusedWrites | undefined
  /** Writes of the target Secret for its metadata alone, which another hand may undo each time. */
  readonly metadata?: Retry | undefined
}

/** What observing found worth remembering; a field that is there and undefined is to be forgotten. */
export type Noted = Partial<
  Pick<Recollection, 'intent' | 'checkSeen' | 'reenableCountedAs' | 'newerThanMs' | 'read' | 'gone' | 'claim'>
>

/**
 * What was deleted by this process within a confirmation interval, with how long ago, milliseconds; undefined when
 * nothing was.
 */
export function viewJustDeleted(
  { deleted }: Pick<Recollection, 'deleted'>,
  nowMs: number,
  { confirmIntervalMs }: Pick<WorkingConfig, 'confirmIntervalMs'>,
): ReadonlyMap<string, number> | undefined {
  const recent = [...(deleted ?? [])].filter(([, atMs]) => nowMs - atMs < confirmIntervalMs)
  return recent.length === 0 ? undefined : new Map(recent.map(([id, atMs]) => [id, nowMs - atMs]))
}

/**
 * The count under which the next enabling is done. Good for one: seen enabled, even if the answer to the call was lost,
 * the next needs another.
 */
export function countedReenable(
  { reenableCountedAs }: Pick<Recollection, 'reenableCountedAs'>,
  remote: RemoteLookup,
): string | undefined {
  const isSpent = remote.state === 'found' && remote.value.webhook.state !== disabledByGoogle
  return isSpent ? undefined : reenableCountedAs
}

/**
 * Whether status counts the enabling that is to come: only what this process has written down, and was seen to hold.
 * Another process counts its own, so that a crash between counting and enabling can only make them fewer.
 */
export function isReenableCounted(
  { status }: GeminiWebhook,
  { reenableCountedAs }: Pick<Recollection, 'reenableCountedAs'>,
): boolean {
  return reenableCountedAs !== undefined && status?.webhook?.reenableTimes?.at(-1) === reenableCountedAs
}
