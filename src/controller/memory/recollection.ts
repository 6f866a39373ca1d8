import type { Clock } from '../../clock.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Operation } from '../../api/status.ts'
import { fullyJitteredMs } from '../../backoff.ts'
import { settleMsOf, type WorkingConfig, longestPauseMs } from '../config.ts'
import { disabledByGoogle } from '../facts/differences.ts'
import { requestedLook, type LookRequest } from '../facts/look-request.ts'
import type { IntentView, RemoteLookup, RevealedSecret, SetbackView } from '../facts/observed.ts'
import type { MetadataWrites } from './metadata-writes.ts'
import type { ProbeOutcome } from '../facts/probe.ts'
import type { RefusedWrites } from './refused-writes.ts'
import { refusalsTold, type Refusals } from './refusals.ts'

/** The call that an intent announces, as far as this process knows. All times are on the monotonic clock. */
interface RememberedIntent {
  attemptID: string
  /**
   * `notMade`: written by this process, the call still to come. `unclear`: its outcome, or its author, is unknown.
   * `answered`: it is over.
   */
  call: 'notMade' | 'unclear' | 'answered'
  sinceMs: number
  /** How the call failed, where its outcome is unclear for that. */
  why?: string
}

/** Announced calls that failed one after the other, each with an effect that had to be waited for and looked up. */
interface Setbacks {
  operation: Operation['type']
  /** What was tried, with which key, at whose request: another one is another try, and begins anew. */
  occasion: string
  row: number
  why: string
  /** The next is not announced before, on the monotonic clock. */
  untilMs: number
}

/** What makes the next try a first one: another spec, another API key, or somebody who asks for a look now. */
function occasionOf(webhook: GeminiWebhook, { fingerprint = '' }: Pick<Recollection, 'fingerprint'>): string {
  return [webhook.metadata.generation, fingerprint, requestedLook(webhook) ?? ''].join(' ')
}

interface SetbackContext {
  recollection: Recollection
  clock: Clock
  random: () => number
  config: Pick<WorkingConfig, 'callTimeoutMs' | 'settleExtraMs'>
}

/**
 * One announced call more that failed with an unknown effect. After the first the settle time is pause enough: a lost
 * answer happens. From the second on the pause after it doubles, beginning with another settle time, with full jitter,
 * up to `longestPauseMs`.
 */
export function noteSetback(
  webhook: GeminiWebhook,
  { operation, why }: Pick<Setbacks, 'operation' | 'why'>,
  { recollection, clock, random, config }: SetbackContext,
): void {
  const { setbacks } = recollection
  const occasion = occasionOf(webhook, recollection)
  const continues = setbacks?.occasion === occasion && setbacks.operation === operation
  const row = continues ? setbacks.row + 1 : 1
  const settleMs = settleMsOf(config)
  const pauseMs = settleMs + fullyJitteredMs(row - 2, { baseMs: settleMs, maxMs: longestPauseMs }, random)
  const untilMs = row === 1 ? -Infinity : clock.monotonic() + pauseMs
  recollection.setbacks = { operation, occasion, row, why, untilMs }
}

/** Until when calls of the kind that failed are held back; undefined when nothing is. */
export function viewSetback(
  webhook: GeminiWebhook,
  recollection: Recollection,
  nowMs: number,
): SetbackView | undefined {
  const { setbacks } = recollection
  if (setbacks === undefined || setbacks.untilMs <= nowMs) return undefined
  if (setbacks.occasion !== occasionOf(webhook, recollection)) return undefined
  const { operation, why, untilMs } = setbacks
  return { operation, why, remainingMs: untilMs - nowMs }
}

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
 * What this process knows about one object beyond what is written down. Losing it (restart, new leader) costs time,
 * never correctness: every rule falls back on waiting and asking.
 */
export interface Recollection {
  readonly firstSightMs: number
  /** When our last change of the webhook at Google was sent. */
  lastMutationMs?: number
  intent?: RememberedIntent
  revealed?: RevealedSecret
  /** The attempt whose secret was told not to be stored. */
  unstoredTold?: string
  /** The open endpoint check, and since when receivers could see it. */
  checkSeen?: { attemptID: string; atMs: number }
  ping?: { attemptID: string; sent: number; atMs: number }
  failedCheck?: { prefix: string; atMs: number }
  /** The last request of our own to the public URL, and what it would prove. */
  probe?: { proof: string; outcome: ProbeOutcome; atMs: number }
  /** The entry of `status.webhook.reenableTimes` under which the next enabling is counted already. */
  reenableCountedAs?: string
  /** The webhooks of this object that this process deleted, and Google said so; with when. */
  deleted?: ReadonlyMap<string, number>
  /** When the list was started that last showed one of them all the same: only a newer one says more. */
  newerThanMs?: number
  /** The request to look now that status does not acknowledge yet. */
  look?: LookRequest
  /** What the last read by id showed. */
  read?: { id: string; hint: string | undefined; atMs: number }
  /** The first of two reads by id that found nothing. */
  gone?: { id: string; atMs: number }
  /** The webhook at Google that the object acts on, seen with its own API key. */
  claim?: string
  /** `namespace/name` of the object that has the better right to what this one names. */
  yieldsTo?: string
  failingSinceMs?: number
  /** When counts of deliveries were last written to the status. */
  countsToldMs?: number
  keylessSinceMs?: number
  deletingSinceMs?: number
  refusals?: Refusals
  setbacks?: Setbacks
  refusedWrites?: RefusedWrites
  metadataWrites?: MetadataWrites
  /** Passes in a row that went on at once. */
  rush: number
  /** The API key this object was last served with. */
  fingerprint?: string
  /** The installation that serves the object instead of this one; it was told once. */
  leftTo?: string
  /** Our finalizer is gone: the cache may show the object for a while, and there is nothing left to do for it. */
  released?: true
  /** Our last write of the object, until the cache shows it: nothing older is worked on. */
  written?: GeminiWebhook
}

export class Recollections {
  readonly #clock: Clock
  readonly #byUid = new Map<string, Recollection>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Begins, for an object that is seen for the first time, with what its status says. */
  of(webhook: GeminiWebhook): Recollection {
    const { uid } = webhook.metadata
    const known = this.#byUid.get(uid)
    if (known !== undefined) return known
    const refusals = refusalsTold(webhook)
    const fresh = { firstSightMs: this.#clock.monotonic(), rush: 0, ...(refusals !== undefined && { refusals }) }
    this.#byUid.set(uid, fresh)
    return fresh
  }

  /**
   * Whether what the cache shows now is our own last write, which then need not be kept beside it: a second copy of
   * every object adds up.
   */
  sawOwnWrite(webhook: GeminiWebhook): boolean {
    const recollection = this.of(webhook)
    if (recollection.written?.metadata.resourceVersion !== webhook.metadata.resourceVersion) return false
    delete recollection.written
    return true
  }

  /** The installation that the object is left to, if that was told. */
  leftTo(uid: string): string | undefined {
    return this.#byUid.get(uid)?.leftTo
  }

  /** The webhook at Google that an object acts on, as far as this process saw. */
  claimOf(uid: string): string | undefined {
    return this.#byUid.get(uid)?.claim
  }

  yieldsTo(uid: string): string | undefined {
    return this.#byUid.get(uid)?.yieldsTo
  }

  /** Begins anew: what is known of the object is of the time before another installation served it. */
  leave(uid: string, installation: string): void {
    this.#byUid.set(uid, { firstSightMs: this.#clock.monotonic(), rush: 0, leftTo: installation })
  }

  forget(uid: string): void {
    this.#byUid.delete(uid)
  }

  /** Fingerprints of the API keys that objects still use. */
  fingerprintsInUse(): Set<string> {
    return new Set([...this.#byUid.values()].flatMap(({ fingerprint }) => fingerprint ?? []))
  }
}

/** Keeps our own write until the cache shows it, or something newer; the watch may have been faster than the answer. */
export function rememberWrite(
  webhook: GeminiWebhook,
  recollection: Recollection,
  cache: { get(key: GeminiWebhook['metadata']): GeminiWebhook | undefined },
): void {
  const cached = cache.get(webhook.metadata)
  if (cached !== undefined && !isNewer(webhook, cached)) delete recollection.written
  else recollection.written = webhook
}

/** Later by the version that the API server gave it. */
export function isNewer({ metadata }: GeminiWebhook, than: GeminiWebhook): boolean {
  return BigInt(metadata.resourceVersion) > BigInt(than.metadata.resourceVersion)
}

/** How far the intent in status has got; remembers one that is seen for the first time. */
export function viewIntent(
  operation: Operation | undefined,
  recollection: Recollection,
  nowMs: number,
  config: WorkingConfig,
): IntentView {
  if (operation === undefined) return { state: 'none' }
  if (recollection.intent?.attemptID !== operation.attemptID) {
    recollection.intent = { attemptID: operation.attemptID, call: 'unclear', sinceMs: nowMs }
  }
  const { call, sinceMs, why } = recollection.intent
  switch (call) {
    case 'notMade':
      // Receivers must know of a rotation before its first delivery comes.
      return waitUntil(operation.type === 'Rotate' ? sinceMs + config.receiverSeenWaitMs : sinceMs, nowMs, 'ready')
    case 'unclear': {
      const view = waitUntil(sinceMs + settleMsOf(config), nowMs, 'settled')
      return view.state === 'waiting' && why !== undefined ? { ...view, why } : view
    }
    case 'answered':
      return { state: 'settled' }
  }
}

/**
 * Whether status counts the enabling that is to come: only what this process has written down, and was seen to hold.
 * Another process counts its own, so that a crash between counting and enabling can only make them fewer.
 */
export function isReenableCounted(
  { status }: GeminiWebhook,
  remote: RemoteLookup,
  recollection: Recollection,
): boolean {
  // Good for one: seen enabled, even if the answer to the call was lost, the next needs another.
  if (remote.state === 'found' && remote.value.webhook.state !== disabledByGoogle) delete recollection.reenableCountedAs
  const { reenableCountedAs } = recollection
  return reenableCountedAs !== undefined && status?.webhook?.reenableTimes?.at(-1) === reenableCountedAs
}

function waitUntil(dueMs: number, nowMs: number, then: 'ready' | 'settled'): IntentView {
  return dueMs > nowMs ? { state: 'waiting', remainingMs: dueMs - nowMs } : { state: then }
}
