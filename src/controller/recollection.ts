import type { Clock } from '../clock.ts'
import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import { reconcileRequestedAtAnnotation } from '../api/names.ts'
import type { Operation } from '../api/status.ts'
import { fullyJitteredMs } from '../kubernetes/backoff.ts'
import { settleMsOf, type ControllerConfig } from './config.ts'
import { disabledByGoogle } from './differences.ts'
import type { IntentView, RemoteLookup, RevealedSecret, SetbackView } from './observed.ts'
import type { ProbeOutcome } from './probe.ts'
import { refusalsTold, type Refusals } from './refusals.ts'

/** The call that an intent announces, as far as this process knows. All times are on the monotonic clock. */
interface RememberedIntent {
  attemptID: string
  /** `notMade`: written by this process, the call still to come. `unclear`: its outcome, or its author, is unknown. `answered`: it is over. */
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

/** However often a call has failed, the next try comes no later than this after the settle time of the last. */
export const longestPauseMs = 900_000

/** What makes the next try a first one: another spec, another API key, or somebody who asks for a look now. */
function occasionOf({ metadata }: GeminiWebhook, { fingerprint = '' }: Pick<Recollection, 'fingerprint'>): string {
  return [metadata.generation, fingerprint, metadata.annotations?.[reconcileRequestedAtAnnotation] ?? ''].join(' ')
}

interface SetbackContext {
  recollection: Recollection
  clock: Clock
  random: () => number
  config: Pick<ControllerConfig, 'callTimeoutMs' | 'settleExtraMs'>
}

/**
 * One announced call more that failed with an unknown effect. After the first the settle time is pause enough: a lost answer happens. From the second on
 * the pause after it doubles, beginning with another settle time, with full jitter, up to `longestPauseMs`.
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
 * What this process knows about one object beyond what is written down. Losing it (restart, new leader) costs time, never correctness: every rule falls
 * back on waiting and asking.
 */
export interface Recollection {
  readonly firstSightMs: number
  /** When our last change of the webhook at Google was sent. */
  lastMutationMs?: number
  intent?: RememberedIntent
  revealed?: RevealedSecret
  /** The open endpoint check, and since when receivers could see it. */
  checkSeen?: { attemptID: string; atMs: number }
  ping?: { attemptID: string; sent: number; atMs: number }
  failedCheck?: { prefix: string; atMs: number }
  /** The last request of our own to the public URL, and what it would prove. */
  probe?: { proof: string; outcome: ProbeOutcome; atMs: number }
  /** The entry of `status.webhook.reenableTimes` under which the next enabling is counted already. */
  reenableCountedAs?: string
  /** The webhook of this object that this process deleted, and Google said so. */
  deletedId?: string
  /** The first of two reads by id that found nothing. */
  gone?: { id: string; atMs: number }
  failingSinceMs?: number
  keylessSinceMs?: number
  deletingSinceMs?: number
  refusals?: Refusals
  setbacks?: Setbacks
  /** Passes in a row that went on at once. */
  rush: number
  /** The API key this object was last served with. */
  fingerprint?: string
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

  /** Whether what the cache shows now is our own last write, which then need not be kept beside it: a second copy of every object adds up. */
  sawOwnWrite(webhook: GeminiWebhook): boolean {
    const recollection = this.of(webhook)
    if (recollection.written?.metadata.resourceVersion !== webhook.metadata.resourceVersion) return false
    delete recollection.written
    return true
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
  config: ControllerConfig,
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
 * Whether status counts the enabling that is to come: only what this process has written down, and was seen to hold. Another process counts its own, so
 * that a crash between counting and enabling can only make them fewer.
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
