import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { GeminiWebhookStatus } from '../api/status.ts'
import { isRefusal, type ObjectKey } from '../kubernetes/client.ts'
import { TransientError } from '../kubernetes/errors.ts'
import { done, requeueAfter, type ReconcileResult } from '../kubernetes/result.ts'
import type { ActionState } from './apply/action-state.ts'
import { withoutKey } from './facts/without-key.ts'
import { applyPlan, type ApplyReport } from './apply/apply.ts'
import { claimObject } from './status/claim-object.ts'
import type { PassContext } from './apply/pass-context.ts'
import type { RemoteAccess, TurnContext, WebhookContext } from './observe/context.ts'
import { isRefusedWrite, type Failure } from './facts/failure-class.ts'
import { toKubernetesEvent, transitionEvents } from './status/kubernetes-events.ts'
import { observeKey, observeWebhook } from './observe/observe.ts'
import { viewWebhook } from './observe/view-webhook.ts'
import { isDeleting } from './facts/life-stage.ts'
import { spread } from './facts/spread.ts'
import type { Claimant, ObservedWebhook } from './facts/observed.ts'
import { afterFailedDeletion } from './plan/deletion.ts'
import { planWebhook } from './plan/plan.ts'
import type { Memories } from './memory/memories.ts'
import type { Memory } from './memory/memory.ts'
import { standingRefusal } from './memory/refusals.ts'
import { afterFailure, isAnswer, type Plan } from './plan/result.ts'
import { writeStatus } from './status/status-writer.ts'
import { areCountsNew } from './reports/sink-counts.ts'
import { summarize } from './status/summarize.ts'
import { backfillEvents, withBackfill } from './status/with-backfill.ts'
import { withDeliveries } from './status/with-deliveries.ts'

/**
 * Transient failures of this many resyncs in a row reach the status of an object that is Ready: what passes by itself
 * must not turn every health check red.
 */
const missedResyncs = 3

/** What the reconciles of all objects work with. */
export type ReconcileContext = TurnContext & { memories: Memories }

/** Brings one object to what it should be, as far as this pass gets. Level-based: only the key travels. */
export async function reconcileWebhook(key: ObjectKey, ctx: ReconcileContext): Promise<ReconcileResult> {
  const cached = ctx.webhooks.get(key)
  if (cached === undefined) return done()
  const memory = ctx.memories.of(cached)
  const newest = memory.newest(cached)
  if (memory.view.released === true) return done()
  const webhook = await claim(newest, memory, ctx)
  // Another installation serves it: a change of the object, such as the annotation, brings it back here.
  if (webhook === undefined) return done()
  const { observed, access } = await observe(webhook, memory, ctx)
  const plan = planWebhook(webhook, observed, { config: ctx.config, nowMs: ctx.clock.now() })
  const pass: PassContext = { ...ctx, memory, access }
  const start: ActionState = { webhook, observed, draft: webhook.status ?? {}, events: [] }
  const report = withBrake(plan, await applyPlan(start, plan.actions, pass), memory)
  if (report.state.webhook !== webhook) memory.wrote(report.state.webhook, ctx.webhooks)
  const published = report.state.released === true ? report : await publishOrReport(plan, start, report, pass)
  if (published.state.released === true) memory.released()
  recordEvents(published.state, ctx)
  return nextResult(plan, published, ctx)
}

/** What is remembered of an object that is left to another installation speaks of the time when it was ours. */
async function claim(webhook: GeminiWebhook, memory: Memory, ctx: WebhookContext): Promise<GeminiWebhook | undefined> {
  const claimed = await claimObject(webhook, ctx)
  if (claimed.state === 'ours') {
    memory.serves()
    if (claimed.webhook !== webhook) memory.wrote(claimed.webhook, ctx.webhooks)
    return claimed.webhook
  }
  const { installation } = claimed
  const isLogged = memory.view.leftTo === installation
  memory.leftTo(installation)
  const { namespace, name } = webhook.metadata
  if (!isLogged) ctx.logger.info({ namespace, name, installation }, 'webhook.left_to_another_installation')
  return undefined
}

/**
 * Observing reads, and what it notes is remembered here: the API key before it is waited for with the others, so that
 * it counts as in use, and the rest before what others claim is looked at.
 */
async function observe(
  webhook: GeminiWebhook,
  memory: Memory,
  ctx: TurnContext,
): Promise<{ observed: ObservedWebhook; access: RemoteAccess | undefined }> {
  memory.saw(webhook)
  const key = await observeKey(webhook, ctx)
  if (key.lookup?.state === 'notNeeded') memory.neededNoKey()
  else if (key.lookup !== undefined)
    memory.sawKey(key.lookup.state === 'found' ? key.lookup.value.fingerprint : undefined)
  const { reads, access, noted } = await observeWebhook(webhook, { key, recollection: memory.view }, ctx)
  memory.noted(noted)
  const observed = viewWebhook(webhook, reads, memory.view, ctx)
  yieldTo(observed.claimant, webhook, memory, ctx)
  return { observed, access }
}

/**
 * Remembers to whom the object yields, so that it is woken when that goes. The log names both, once: status and Events
 * of an object tell nothing of other namespaces, so this is where whoever runs the installation finds the two.
 */
function yieldTo(
  claimant: Claimant | undefined,
  { metadata: { namespace, name }, spec }: GeminiWebhook,
  memory: Memory,
  { logger }: WebhookContext,
): void {
  const holder = claimant && `${claimant.namespace}/${claimant.name}`
  if (memory.view.yieldsTo === holder) return
  memory.yields(holder)
  if (holder !== undefined) logger.info({ namespace, name, id: spec.externalID, holder }, 'webhook.yielded_claim')
}

/**
 * A life of an object has some twenty steps; more without a rest in between is a defect of ours or of Google's, and
 * must not become a hot loop.
 */
const maxPassesWithoutRest = 40

/** Slows down and says so in status, until a pass comes to rest. */
function withBrake(plan: Plan, report: ApplyReport, memory: Memory): ApplyReport {
  const goesOn = plan.next.type === 'now' && report.failure === undefined
  memory.passed(goesOn)
  if (memory.view.passesWithoutRest <= maxPassesWithoutRest) return report
  const steps = plan.actions.map(({ type }) => type).join(', ')
  const message = `no end of steps (${steps}): slowing down`
  const failure = { class: 'transient', reason: 'ProgressingWithRetry', message, mayHaveCommitted: false } as const
  return { ...report, failure }
}

/**
 * Everything is reported in status; that status cannot be written is reported by an Event, which the recorder folds
 * into one. The pass is tried again with growing pauses.
 */
async function publishOrReport(
  plan: Plan,
  start: ActionState,
  report: ApplyReport,
  pass: PassContext,
): Promise<ApplyReport> {
  try {
    return await publish(plan, start, report, pass)
  } catch (error) {
    if (isRefusal(error)) {
      const note = `status cannot be written, so nothing is begun at Google: ${error.message}`
      const event = { type: 'Warning', reason: 'StatusNotWritten', action: 'Reconcile', note } as const
      recordEvents({ ...report.state, events: [...report.state.events, event] }, pass)
    }
    throw error
  }
}

/** Writes the status of the pass, if it differs; returns what keeps it from being believed. */
async function publish(plan: Plan, start: ActionState, report: ApplyReport, pass: PassContext): Promise<ApplyReport> {
  const { state, failure } = report
  // A pass that goes on at once and has nothing to write down leaves that to the next.
  if (plan.next.type === 'now' && failure === undefined && state.draft === start.draft) return report
  const nowMs = pass.clock.now()
  const withoutRuns = isKeptFromStatus(plan, report, pass)
    ? withDeliveries(state.draft, state, nowMs)
    : summarizeReport(plan, report, pass)
  const status = withBackfill(withoutRuns, state, { nowMs, receiverSeenWaitMs: pass.config.receiverSeenWaitMs })
  const { webhook, written, dropped } = await writeStatus(state.webhook, status, pass)
  if (!written) return report
  pass.memory.wrote(webhook, pass.webhooks)
  if (areCountsNew(start.webhook.status, status)) pass.memory.wroteCounts()
  if (dropped !== undefined) return publishDropped({ ...state, webhook }, dropped, pass)
  const { runs = [] } = state.observed.backfill ?? {}
  pass.backfill?.told(webhook.metadata.uid, runs)
  const { intent } = pass.memory.view
  // From here on receivers can see the intent: its head start begins now.
  if (intent?.call === 'notMade' && start.draft.operation?.attemptID !== intent.attemptID) pass.memory.published()
  observeReadiness(start.webhook, status, pass)
  const events = [...transitionEvents(start.draft, status), ...backfillEvents(runs, status.backfill?.since)]
  return { ...report, state: { ...state, webhook, events: [...state.events, ...events] } }
}

function observeReadiness(
  webhook: GeminiWebhook,
  after: GeminiWebhookStatus,
  { instruments, clock }: PassContext,
): void {
  const [was, is] = [readyIn(webhook.status), readyIn(after)]
  if (is?.status !== 'True' || was?.status === 'True') return
  const sinceMs = Date.parse(was?.lastTransitionTime ?? webhook.metadata.creationTimestamp)
  instruments.timeToReady.observe(Math.max(clock.now() - sinceMs, 0) / 1000)
}

function readyIn(status: GeminiWebhookStatus | undefined) {
  return status?.conditions?.find(({ type }) => type === 'Ready')
}

/** An intent that the API server did not keep is none: nothing is called, and status says why. */
async function publishDropped(state: ActionState, failure: Failure, pass: PassContext): Promise<ApplyReport> {
  pass.memory.forgotIntent()
  const draft = withoutKey(withoutKey(state.draft, 'operation'), 'check')
  const { finding } = planAfter(failure, state, pass)
  const status = summarize({ ...state, draft }, { finding, nowMs: pass.clock.now(), config: pass.config })
  const { webhook } = await writeStatus(state.webhook, status, pass)
  pass.memory.wrote(webhook, pass.webhooks)
  return { state: { ...state, webhook, events: [] }, failure }
}

function summarizeReport(plan: Plan, { state, failure }: ApplyReport, ctx: PassContext): GeminiWebhookStatus {
  const told = failure ?? refusalBehind(plan, state, ctx.memory)
  const finding = told === undefined ? plan.finding : planAfter(told, state, ctx).finding
  const isAnswered = isAnswer(failure === undefined ? plan : planAfter(failure, state, ctx))
  return summarize(state, { finding, isAnswered, nowMs: ctx.clock.now(), config: ctx.config })
}

/** What a failed step means for the object. */
function planAfter(failure: Failure, { webhook }: ActionState, { config }: WebhookContext): Plan {
  return isDeleting(webhook) ? afterFailedDeletion(failure, config) : afterFailure(failure, config.credentialsRetryMs)
}

/**
 * The steps towards a call that Google keeps refusing are no progress: an object that is Stalled stays so until the
 * call is accepted or not wanted any more.
 */
function refusalBehind({ finding, next }: Plan, { webhook }: ActionState, memory: Memory): Failure | undefined {
  if (finding.type === 'AtRest' && next.type !== 'now') memory.forgotRefusal()
  return finding.type === 'Progressing' ? standingRefusal(memory.view.retries.refusal, webhook.metadata) : undefined
}

/** Whether status of a Ready object stays as it is, because what failed may pass by itself. */
function isKeptFromStatus(
  plan: Plan,
  { state, failure }: ApplyReport,
  { memory, clock, config }: PassContext,
): boolean {
  // What Google signs with and the Secret does not hold is told, however it came about.
  const isHeldBack = memory.view.revealed !== undefined && failure !== undefined
  const isRefused = plan.finding.type === 'Stalled'
  const failing = !isHeldBack && (failure?.class === 'transient' || (plan.next.type === 'retry' && !isRefused))
  memory.failing(failing)
  const { failingSinceMs } = memory.view
  const wasReady = readyIn(state.webhook.status)?.status === 'True'
  if (failingSinceMs === undefined || !wasReady) return false
  return clock.monotonic() - failingSinceMs < missedResyncs * config.resyncIntervalMs
}

function recordEvents({ webhook, events }: ActionState, { recorder, logger }: WebhookContext): void {
  const { namespace, name } = webhook.metadata
  for (const event of events) {
    recorder.record(toKubernetesEvent(webhook, event))
    logger.info({ namespace, name, reason: event.reason, action: event.action, note: event.note }, 'webhook.changed')
  }
}

function nextResult(plan: Plan, { state, failure }: ApplyReport, ctx: WebhookContext): ReconcileResult {
  // Work that does not need the refused write continues at once; the write itself is held back for a pause.
  if (failure !== undefined && isRefusedWrite(failure) && !isDeleting(state.webhook)) return requeueAfter(0)
  if (failure !== undefined) return resultOf(planAfter(failure, state, ctx), failure, ctx)
  if (state.released === true) return done()
  return resultOf(plan, undefined, ctx)
}

function resultOf({ next, finding }: Plan, failure: Failure | undefined, ctx: WebhookContext): ReconcileResult {
  switch (next.type) {
    case 'now':
      return requeueAfter(0)
    case 'after':
      return requeueAfter(next.spread === true ? spread(next.delayMs, ctx.random) : next.delayMs)
    case 'resync':
      return requeueAfter(spread(ctx.config.resyncIntervalMs, ctx.random))
    case 'retry':
      throw new TransientError({
        reason: finding.reason,
        message: finding.message,
        retryAfterMs: failure?.retryAfterMs,
      })
  }
}
