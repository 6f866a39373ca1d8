import type { GeminiWebhook } from '../api/gemini-webhook.ts'
import type { GeminiWebhookStatus } from '../api/status.ts'
import { isRefusal, type ObjectKey } from '../kubernetes/client.ts'
import { TransientError } from '../kubernetes/errors.ts'
import { done, requeueAfter, type ReconcileResult } from '../kubernetes/result.ts'
import type { ActionState } from './apply/action-state.ts'
import { withoutKey } from './facts/without-key.ts'
import { applyPlan, type ApplyReport } from './apply/apply.ts'
import { claimObject } from './status/claim-object.ts'
import type { PassContext, TurnContext, WebhookContext } from './observe/context.ts'
import { isRefusedWrite, type Failure } from './facts/failure-class.ts'
import { toKubernetesEvent, transitionEvents } from './status/kubernetes-events.ts'
import { observeWebhook } from './observe/observe.ts'
import { isDeleting } from './facts/life-stage.ts'
import { afterFailedDeletion } from './plan/deletion.ts'
import { planWebhook } from './plan/plan.ts'
import { isNewer, rememberWrite, type Recollection } from './memory/recollection.ts'
import { standingRefusal } from './memory/refusals.ts'
import { afterFailure, isAnswer, type Plan } from './plan/result.ts'
import { writeStatus } from './status/status-writer.ts'
import { areCountsNew } from './reports/sink-counts.ts'
import { summarize } from './status/summarize.ts'
import { tellDeliveries } from './status/tell-deliveries.ts'

/**
 * Transient failures of this many resyncs in a row reach the status of an object that is Ready: a blip must not turn
 * every health check red.
 */
const missedResyncs = 3

/** Brings one object to what it should be, as far as this pass gets. Level-based: only the key travels. */
export async function reconcileWebhook(key: ObjectKey, ctx: TurnContext): Promise<ReconcileResult> {
  const newest = newestVersion(ctx.webhooks.get(key), ctx)
  if (newest === undefined) return done()
  const recollection = ctx.recollections.of(newest)
  if (recollection.released === true) return done()
  const webhook = await claimObject(newest, recollection, ctx)
  // Another installation serves it: a change of the object, such as the annotation, brings it back here.
  if (webhook === undefined) return done()
  const { observed, access } = await observeWebhook(webhook, recollection, ctx)
  const plan = planWebhook(webhook, observed, { config: ctx.config, nowMs: ctx.clock.now() })
  const pass: PassContext = { ...ctx, recollection, access }
  const start: ActionState = { webhook, observed, draft: webhook.status ?? {}, events: [] }
  const report = withBrake(plan, await applyPlan(start, plan.actions, pass), recollection)
  if (report.state.webhook !== webhook) rememberWrite(report.state.webhook, recollection, ctx.webhooks)
  const told = report.state.released === true ? report : await publishOrTell(plan, start, report, pass)
  if (told.state.released === true) recollection.released = true
  tell(told.state, ctx)
  return nextResult(plan, told, ctx)
}

/**
 * A life of an object has some twenty steps; more without a rest in between is a defect of ours or of Google's, and
 * must not become a hot loop.
 */
const longestRush = 40

/** Slows down and says so in status, until a pass comes to rest. */
function withBrake(plan: Plan, report: ApplyReport, recollection: Recollection): ApplyReport {
  const goesOn = plan.next.type === 'now' && report.failure === undefined
  recollection.rush = goesOn ? recollection.rush + 1 : 0
  if (recollection.rush <= longestRush) return report
  const steps = plan.actions.map(({ type }) => type).join(', ')
  const message = `no end of steps (${steps}): slowing down`
  const failure = { class: 'transient', reason: 'ProgressingWithRetry', message, mayHaveCommitted: false } as const
  return { ...report, failure }
}

/** Never work on a version older than this process's own last write: the cache may lag behind it. */
function newestVersion(
  cached: GeminiWebhook | undefined,
  { recollections }: WebhookContext,
): GeminiWebhook | undefined {
  if (cached === undefined) return undefined
  const recollection = recollections.of(cached)
  const { written } = recollection
  if (written === undefined) return cached
  if (isNewer(written, cached)) return written
  delete recollection.written
  return cached
}

/**
 * Status is where everything is told; that it cannot be is told by an Event, which the recorder folds into one. The
 * pass is tried again with growing pauses.
 */
async function publishOrTell(
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
      tell({ ...report.state, events: [...report.state.events, event] }, pass)
    }
    throw error
  }
}

/** Writes the status of the pass, if it differs; returns what keeps it from being believed. */
async function publish(plan: Plan, start: ActionState, report: ApplyReport, pass: PassContext): Promise<ApplyReport> {
  const { state, failure } = report
  // A pass that goes on at once and has nothing to write down leaves the telling to the next.
  if (plan.next.type === 'now' && failure === undefined && state.draft === start.draft) return report
  const status = isBlip(plan, report, pass)
    ? tellDeliveries(state.draft, state, pass.clock.now())
    : summarizeReport(plan, report, pass)
  const { webhook, written, dropped } = await writeStatus(state.webhook, status, pass)
  if (!written) return report
  rememberWrite(webhook, pass.recollection, pass.webhooks)
  if (areCountsNew(start.webhook.status, status)) pass.recollection.countsToldMs = pass.clock.monotonic()
  if (dropped !== undefined) return publishDropped({ ...state, webhook }, dropped, pass)
  const { intent } = pass.recollection
  // From here on receivers can see the intent: its head start begins now.
  if (intent?.call === 'notMade' && start.draft.operation?.attemptID !== intent.attemptID) {
    pass.recollection.intent = { ...intent, sinceMs: pass.clock.monotonic() }
  }
  observeReadiness(start.webhook, status, pass)
  const events = transitionEvents(start.draft, status)
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
  delete pass.recollection.intent
  const draft = withoutKey(withoutKey(state.draft, 'operation'), 'check')
  const { finding } = planAfter(failure, state, pass)
  const status = summarize({ ...state, draft }, { finding, nowMs: pass.clock.now(), config: pass.config })
  const { webhook } = await writeStatus(state.webhook, status, pass)
  rememberWrite(webhook, pass.recollection, pass.webhooks)
  return { state: { ...state, webhook, events: [] }, failure }
}

function summarizeReport(plan: Plan, { state, failure }: ApplyReport, ctx: PassContext): GeminiWebhookStatus {
  const told = failure ?? refusalBehind(plan, state, ctx.recollection)
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
function refusalBehind(
  { finding, next }: Plan,
  { webhook }: ActionState,
  recollection: Recollection,
): Failure | undefined {
  if (finding.type === 'AtRest' && next.type !== 'now') delete recollection.refusals
  return finding.type === 'Progressing' ? standingRefusal(recollection, webhook.metadata) : undefined
}

function isBlip(plan: Plan, { state, failure }: ApplyReport, { recollection, clock, config }: PassContext): boolean {
  // What Google signs with and the Secret does not hold is no blip, however it came about.
  const isHeldBack = recollection.revealed !== undefined && failure !== undefined
  const isRefused = plan.finding.type === 'Stalled'
  const failing = !isHeldBack && (failure?.class === 'transient' || (plan.next.type === 'retry' && !isRefused))
  if (!failing) {
    delete recollection.failingSinceMs
    return false
  }
  recollection.failingSinceMs ??= clock.monotonic()
  const wasReady = readyIn(state.webhook.status)?.status === 'True'
  return wasReady && clock.monotonic() - recollection.failingSinceMs < missedResyncs * config.resyncIntervalMs
}

function tell({ webhook, events }: ActionState, { recorder, logger }: WebhookContext): void {
  const { namespace, name } = webhook.metadata
  for (const event of events) {
    recorder.record(toKubernetesEvent(webhook, event))
    logger.info({ namespace, name, reason: event.reason, action: event.action, note: event.note }, 'webhook.changed')
  }
}

function nextResult(plan: Plan, { state, failure }: ApplyReport, ctx: WebhookContext): ReconcileResult {
  // What does not need the refused write goes on at once; the write itself is held back for a pause.
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

/**
 * Up to a fifth later: objects that started together do not stay together. Never sooner: a list at Google is good for
 * one interval, so each resync of an object meets a newer one than the last did, and there is no more than one per
 * interval.
 */
function spread(delayMs: number, random: () => number): number {
  return Math.round(delayMs * (1 + 0.2 * random()))
}
