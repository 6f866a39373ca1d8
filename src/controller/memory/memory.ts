import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import type { Clock } from '../../clock.ts'
import type { Action } from '../facts/action.ts'
import type { Failure } from '../facts/failure-class.ts'
import { isNewer } from '../facts/is-newer.ts'
import { isDeleting } from '../facts/life-stage.ts'
import { lookRequest } from '../facts/look-request.ts'
import type { RevealedSecret } from '../facts/observed.ts'
import type { ProbeOutcome } from '../facts/probe.ts'
import { afterMetadataWrite } from './metadata-writes.ts'
import type { Noted, Recollection, Retries } from './recollection.ts'
import { afterRefusal, judgeRefusal, refusalInStatus } from './refusals.ts'
import { afterRefusedWrite, withoutRefusedWrite, type WriteSubject } from './refused-writes.ts'
import { afterSetback, type Setback, type SettleTimes } from './setbacks.ts'

type IntentBefore = Recollection['intent']

/**
 * What this process remembers of one object. Its verbs say what happened and belong to `apply` and `reconcile.ts`
 * alone; whoever observes or plans reads the `view`, which stays as it is while the memory goes on.
 */
export class Memory {
  readonly #clock: Clock
  #view: Recollection

  /** Begins, for an object that is seen for the first time, with what its status says. */
  constructor(webhook: GeminiWebhook, clock: Clock) {
    this.#clock = clock
    this.#view = {
      firstSightMs: clock.monotonic(),
      passesWithoutRest: 0,
      retries: { refusal: refusalInStatus(webhook) },
    }
  }

  get view(): Recollection {
    return this.#view
  }

  /** A pass begins with this version of the object. */
  saw(webhook: GeminiWebhook): void {
    const { deletingSinceMs, look } = this.#view
    const nowMs = this.#clock.monotonic()
    this.#change({
      look: lookRequest(webhook, look, nowMs),
      deletingSinceMs: isDeleting(webhook) ? (deletingSinceMs ?? nowMs) : deletingSinceMs,
    })
  }

  /** The object needs no API key (any more): the one that served it is not held for it. */
  neededNoKey(): void {
    this.#change({ fingerprint: undefined, keylessSinceMs: undefined })
  }

  /** The API key was read, or could not be: undefined. */
  sawKey(fingerprint: string | undefined): void {
    if (fingerprint !== undefined) this.#change({ fingerprint, keylessSinceMs: undefined })
    else this.#change({ keylessSinceMs: this.#view.keylessSinceMs ?? this.#clock.monotonic() })
  }

  /** What observing, or a read of an action, found worth remembering. */
  noted(noted: Noted): void {
    this.#change(noted)
  }

  /** To whom the object yields, as `namespace/name`; undefined: to nobody. */
  yields(yieldsTo: string | undefined): void {
    this.#change({ yieldsTo })
  }

  /** An intent is to be written; its call is still to come. */
  announced(attemptID: string): void {
    this.#change({ intent: { attemptID, call: 'notMade', sinceMs: this.#clock.monotonic() } })
  }

  /** The intent is written: from here on receivers can see it, and its head start begins now. */
  published(): void {
    const { intent } = this.#view
    if (intent !== undefined) this.#change({ intent: { ...intent, sinceMs: this.#clock.monotonic() } })
  }

  /** The intent is closed or withdrawn. */
  forgotIntent(): void {
    this.#change({ intent: undefined })
  }

  /** The call that the intent announces goes out. */
  called(): void {
    const sinceMs = this.#clock.monotonic()
    this.#changeIntent((intent) => ({ ...intent, call: 'unclear', sinceMs }))
    this.sent()
  }

  /** The call that the intent announces is over. */
  answered(): void {
    const sinceMs = this.#clock.monotonic()
    this.#changeIntent((intent) => ({ ...intent, call: 'answered', sinceMs }))
  }

  /** The call failed: `why`, where it may have taken effect; `before`, the intent as it was, where it cannot have. */
  callFailed(how: { before: IntentBefore } | { why: string | undefined }): void {
    if ('before' in how) return this.#change({ intent: how.before })
    const { why } = how
    const sinceMs = this.#clock.monotonic()
    this.#changeIntent((intent) => ({ ...intent, call: 'unclear', sinceMs, ...(why !== undefined && { why }) }))
  }

  /** A change of the webhook at Google is sent, or was until now. */
  sent(): void {
    this.#change({ lastMutationMs: this.#clock.monotonic() })
  }

  /** A call told a signing secret, which is not stored yet. */
  revealed(revealed: RevealedSecret): void {
    this.#change({ revealed })
  }

  /** What was revealed is stored, or of no use any more. */
  forgotRevealed(): void {
    this.#change({ revealed: undefined })
  }

  /** It was told that what this attempt revealed is not stored. */
  reportedUnstored(attemptID: string): void {
    this.#change({ unstoredReported: attemptID })
  }

  /** The webhook is gone for good. */
  lostWebhook(): void {
    this.#change({ gone: undefined, revealed: undefined })
  }

  /** Google said that the webhook is deleted. */
  deleted(id: string): void {
    this.#change({ deleted: new Map(this.#view.deleted).set(id, this.#clock.monotonic()) })
  }

  /** A request of our own to the public URL was answered, or not. */
  probed(proof: string, outcome: ProbeOutcome): void {
    this.#change({ probe: { proof, outcome, atMs: this.#clock.monotonic() } })
  }

  countedReenable(countedAs: string): void {
    this.#change({ reenableCountedAs: countedAs })
  }

  /** The webhook is enabled: the count is spent. */
  spentReenable(): void {
    this.#change({ reenableCountedAs: undefined })
  }

  /** What was probed before says nothing of the webhook that was enabled since. */
  forgotProbe(): void {
    this.#change({ probe: undefined })
  }

  openedCheck(): void {
    this.#change({ failedCheck: undefined })
  }

  pinged(attemptID: string, sent: number): void {
    this.#change({ ping: { attemptID, sent, atMs: this.#clock.monotonic() } })
  }

  failedCheck(prefix: string): void {
    this.#change({ failedCheck: { prefix, atMs: this.#clock.monotonic() } })
  }

  /** The request to look has let repairs begin anew. */
  forgave(): void {
    const { look } = this.#view
    if (look !== undefined) this.#change({ look: { ...look, forgave: true } })
  }

  /** Google refused what this spec asks for; tells what the refusal is: passing, or standing. */
  refused(spec: { generation: number }, refused: { failure: Failure; action: Action['type'] }): Failure {
    const refusal = afterRefusal(this.#view.retries.refusal, spec, refused, this.#clock.monotonic())
    this.#retry({ refusal })
    return judgeRefusal(refusal)
  }

  /** Nothing is refused that is still wanted. */
  forgotRefusal(): void {
    this.#retry({ refusal: undefined })
  }

  /** Google accepted a call. */
  accepted(): void {
    this.#retry({ refusal: undefined, setback: undefined })
  }

  /** An announced call failed with an unknown effect. */
  setBack(
    webhook: GeminiWebhook,
    failed: Pick<Setback, 'operation' | 'why'>,
    { random, config }: { random: () => number; config: SettleTimes },
  ): void {
    const { retries, fingerprint } = this.#view
    const nowMs = this.#clock.monotonic()
    const subject = { webhook, fingerprint }
    this.#retry({ setback: afterSetback(retries.setback, failed, subject, { nowMs, random, config }) })
  }

  /** The API server refused a write for good. */
  refusedWrite(
    refused: { type: Action['type']; failure: Failure },
    subject: WriteSubject,
    { random }: { random: () => number },
  ): void {
    const nowMs = this.#clock.monotonic()
    this.#retry({ writes: afterRefusedWrite(this.#view.retries.writes, refused, subject, { nowMs, random }) })
  }

  /** An action is carried out: what was refused of it is done. */
  did(type: Action['type']): void {
    const { writes } = this.#view.retries
    if (writes !== undefined) this.#retry({ writes: withoutRefusedWrite(writes, type) })
  }

  /** The target Secret was written for its metadata alone. */
  wroteMetadata(webhook: GeminiWebhook): void {
    this.#retry({ metadata: afterMetadataWrite(this.#view.retries.metadata, webhook, this.#clock.monotonic()) })
  }

  /** A pass ended; `goesOn`: the next follows at once. */
  passed(goesOn: boolean): void {
    this.#change({ passesWithoutRest: goesOn ? this.#view.passesWithoutRest + 1 : 0 })
  }

  /** A pass failed in a way that passes by itself, or did not. */
  failing(isFailing: boolean): void {
    const sinceMs = this.#view.failingSinceMs ?? this.#clock.monotonic()
    this.#change({ failingSinceMs: isFailing ? sinceMs : undefined })
  }

  wroteCounts(): void {
    this.#change({ countsWrittenMs: this.#clock.monotonic() })
  }

  /** Our own write is kept until the cache shows it or something newer: the watch may be faster than the answer. */
  wrote(webhook: GeminiWebhook, cache: { get(key: GeminiWebhook['metadata']): GeminiWebhook | undefined }): void {
    const cached = cache.get(webhook.metadata)
    const isKnown = cached !== undefined && !isNewer(webhook, cached)
    this.#change({ written: isKnown ? undefined : webhook })
  }

  /**
   * The newest version of the object: no pass works on one that is older than our own last write, behind which the
   * cache may lag.
   */
  newest(cached: GeminiWebhook): GeminiWebhook {
    const { written } = this.#view
    if (written === undefined) return cached
    if (isNewer(written, cached)) return written
    this.#change({ written: undefined })
    return cached
  }

  /**
   * Whether what the cache shows now is our own last write, which then need not be kept beside it: a second copy of
   * every object adds up.
   */
  sawOwnWrite({ metadata }: GeminiWebhook): boolean {
    if (this.#view.written?.metadata.resourceVersion !== metadata.resourceVersion) return false
    this.#change({ written: undefined })
    return true
  }

  released(): void {
    this.#change({ released: true })
  }

  /** Begins anew: what is known of the object is of the time before another installation served it. */
  leftTo(installation: string): void {
    this.#view = { firstSightMs: this.#clock.monotonic(), passesWithoutRest: 0, retries: {}, leftTo: installation }
  }

  /** This installation serves the object. */
  serves(): void {
    this.#change({ leftTo: undefined })
  }

  #changeIntent(change: (intent: NonNullable<IntentBefore>) => NonNullable<IntentBefore>): void {
    const { intent } = this.#view
    if (intent !== undefined) this.#change({ intent: change(intent) })
  }

  #retry(changes: Partial<Retries>): void {
    this.#change({ retries: { ...this.#view.retries, ...changes } })
  }

  #change(changes: Partial<Recollection>): void {
    this.#view = { ...this.#view, ...changes }
  }
}
