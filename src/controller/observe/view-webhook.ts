import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { attemptPrefixOf, wantedProof } from '../facts/endpoint-proof.ts'
import { fenceDueAtMs } from '../facts/fence-due.ts'
import { foldJobsForSeconds } from '../facts/fold-jobs.ts'
import type { CheckView, ObservedWebhook, RemoteLookup, RolloutTurn } from '../facts/observed.ts'
import { ownerOfObject } from '../installation/object-owner.ts'
import { isMetadataHeld } from '../memory/metadata-writes.ts'
import { isReenableCounted, viewJustDeleted, type Recollection } from '../memory/recollection.ts'
import { refusedAction } from '../memory/refusals.ts'
import { viewRefusedWrites } from '../memory/refused-writes.ts'
import { viewSetback } from '../memory/setbacks.ts'
import { areCountsDue } from '../reports/sink-counts.ts'
import { mayHaveChosen, turnOf } from './base-url-rollout.ts'
import type { WebhookContext } from './context.ts'
import { findClaimant } from './find-claimant.ts'
import type { Reads } from './observe.ts'
import { viewProbe } from './view-probe.ts'

/**
 * Puts together what a plan looks at: what was read, what is remembered, and what the receivers and other objects say.
 * Waits for nothing and changes nothing.
 */
export function viewWebhook(
  webhook: GeminiWebhook,
  { atMs, ...reads }: Reads,
  recollection: Recollection,
  ctx: WebhookContext,
): ObservedWebhook {
  const { metadata, status } = webhook
  const { endpoint, keyring, remote } = reads
  const { retries, fingerprint, look, deleted, revealed, countsWrittenMs, keylessSinceMs } = recollection
  const nowMs = ctx.clock.monotonic()
  const { echoes = [], ...report } = ctx.reportOf(metadata.uid) ?? {}
  const sinkReports = ctx.reports?.sinks(metadata.uid)
  const proof = wantedProof({ endpoint }, keyring)
  const setback = viewSetback(retries.setback, { webhook, fingerprint }, nowMs)
  const refused = refusedAction(retries.refusal, metadata)
  const justDeleted = viewJustDeleted(recollection, nowMs, ctx.config)
  const refusedWrites = viewRefusedWrites(retries.writes, { webhook, observed: reads }, nowMs)
  const told = 'pending' in report ? report : undefined
  const routes = ctx.routesOf?.(webhook)
  const folds = foldJobsForSeconds(webhook, endpoint)
  const backfill = ctx.backfill?.viewOf(metadata.uid)
  const { eventAliases } = ctx.config
  const receivers = ctx.presence?.()
  return {
    ...reads,
    ...(eventAliases.size > 0 && { eventAliases }),
    keyringHasRoom: ctx.keyring.hasRoomFor(metadata),
    ...(folds !== undefined && { foldJobsForSeconds: folds }),
    ...(backfill !== undefined && { backfill }),
    metadataHeld: isMetadataHeld(retries.metadata, webhook, atMs),
    fenceDue: atMs >= fenceDueAtMs(webhook, recollection, ctx.config),
    rollout: rolloutTurn(webhook, endpoint, ctx),
    claimant: claimantOf(webhook, remote, ctx),
    ...(setback !== undefined && { setback }),
    ...(refused !== undefined && { refused }),
    ...(look !== undefined && look.forgave === undefined && { mayForgive: true as const }),
    ...(deleted?.has(status?.webhook?.id ?? '') === true && { deletedHere: true as const }),
    ...(justDeleted !== undefined && { justDeleted }),
    ...(refusedWrites.length > 0 && { refusedWrites }),
    ...(revealed !== undefined && { revealed }),
    probe: viewProbe(recollection, { endpoint, keyring }, atMs, ctx.config),
    reenableCounted: isReenableCounted(webhook, recollection),
    check: { ...viewCheck(webhook, recollection, proof, ctx), echoes },
    report: told,
    ...(receivers !== undefined && { receivers }),
    ...(sinkReports !== undefined && { sinkReports }),
    ...(routes !== undefined && { routes }),
    countsDue: areCountsDue(webhook, ctx, { report: told, sinceWrittenMs: atMs - (countsWrittenMs ?? -Infinity) }),
    ...viewNeighbours(webhook, reads.apiKey, recollection, ctx),
    ...(reads.apiKey.state === 'found' && { unmanaged: ctx.unmanaged.countOf(reads.apiKey.value.fingerprint) }),
    keylessMs: keylessSinceMs === undefined ? 0 : atMs - keylessSinceMs,
  }
}

/**
 * Asked only where the address differs from the one that was applied, and nothing but a changed base URL can be the
 * reason.
 */
function rolloutTurn(webhook: GeminiWebhook, endpoint: ObservedWebhook['endpoint'], ctx: WebhookContext): RolloutTurn {
  const { uri, keyFingerprint } = webhook.status?.webhook ?? {}
  const isApplied = endpoint.state !== 'ours' || uri === undefined || uri === endpoint.url
  if (isApplied || keyFingerprint === undefined || mayHaveChosen(webhook, uri, ctx.config)) return { state: 'go' }
  return turnOf(webhook, ctx.rollouts.of(keyFingerprint, webhook.metadata.namespace))
}

/** Known only through lists that were made with the key of the object. */
function viewNeighbours(
  { metadata }: GeminiWebhook,
  apiKey: ObservedWebhook['apiKey'],
  { firstSightMs }: Recollection,
  { projects, config }: WebhookContext,
): Pick<ObservedWebhook, 'neighbours'> {
  if (!config.warnSharedProject) return { neighbours: 'off' }
  if (apiKey.state !== 'found') return {}
  const { namespaces, listedAtMs } = projects.neighboursOf(apiKey.value.fingerprint, metadata.namespace)
  return { neighbours: { namespaces, settled: listedAtMs >= firstSightMs + config.confirmIntervalMs } }
}

function claimantOf(webhook: GeminiWebhook, remote: RemoteLookup, ctx: WebhookContext) {
  const { installation, webhooks, claimOf } = ctx
  const view = installation()
  if (view.state !== 'confirmed') return undefined
  return findClaimant(webhook, remote, {
    webhooks,
    installationId: view.id,
    claimOf,
    isServed: (other) => ownerOfObject(other, ctx).type !== 'another',
  })
}

function viewCheck(
  { status }: GeminiWebhook,
  recollection: Recollection,
  proof: string | undefined,
  { clock, config }: WebhookContext,
): Omit<CheckView, 'echoes'> {
  const nowMs = clock.monotonic()
  const { ping, failedCheck, look } = recollection
  const open = status?.check?.attemptID
  const current = ping !== undefined && ping.attemptID === status?.check?.attemptID ? ping : undefined
  const stands = failedCheck !== undefined && failedCheck.atMs >= (look?.sinceMs ?? -Infinity)
  const failed =
    stands && proof !== undefined && failedCheck.prefix === attemptPrefixOf(proof) ? failedCheck : undefined
  return {
    openForMs: open === undefined ? 0 : nowMs - (recollection.checkSeen?.atMs ?? nowMs),
    pinged: current?.sent ?? 0,
    sincePingMs: current === undefined ? 0 : nowMs - current.atMs,
    restingMs: failed === undefined ? 0 : Math.max(failed.atMs + config.resyncIntervalMs - nowMs, 0),
  }
}
