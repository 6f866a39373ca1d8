import { signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { mayHaveChosen, turnOf } from './base-url-rollout.ts'
import { fenceDueAtMs } from '../facts/fence-due.ts'
import { identityOf, type Installation } from '../facts/ownership.ts'
import type { RemoteAccess, TurnContext, WebhookContext } from './context.ts'
import { callerFor } from './caller.ts'
import { ownerOfObject } from '../installation/object-owner.ts'
import { attemptPrefixOf, wantedProof } from '../facts/endpoint-proof.ts'
import { viewEndpoint } from '../facts/endpoint-view.ts'
import { failureOf } from '../facts/failure-class.ts'
import { findClaimant, noteClaim } from './find-claimant.ts'
import { namespaceKind, type Namespace } from '../../kubernetes/core-kinds.ts'
import { found, type Lookup } from '../facts/lookup.ts'
import { isMetadataHeld } from '../memory/metadata-writes.ts'
import { noteClaimant } from './note-claimant.ts'
import { noteLookRequest } from '../facts/look-request.ts'
import { lookUpApiKey } from './look-up-api-key.ts'
import { lookUpDynamic } from './look-up-dynamic.ts'
import { lookUpSinks } from './look-up-sinks.ts'
import type { ApiKeyLookup, CheckView, ObservedWebhook, RemoteLookup, RolloutTurn } from '../facts/observed.ts'
import { observeRemote } from './observe-remote.ts'
import { hasFinalizer, isDeleting } from '../facts/life-stage.ts'
import {
  isReenableCounted,
  viewIntent,
  viewJustDeleted,
  viewSetback,
  type Recollection,
} from '../memory/recollection.ts'
import { refusedAction } from '../memory/refusals.ts'
import { viewRefusedWrites } from '../memory/refused-writes.ts'
import { viewProbe } from './view-probe.ts'
import { areCountsDue } from '../reports/sink-counts.ts'
import { readTargetSecret, type TargetSecret } from '../secrets/target-secret.ts'

/**
 * Reads everything that a plan looks at. It changes nothing in Kubernetes or at Google; it notes in the recollection
 * when things were first seen. A failed read is data.
 */
export async function observeWebhook(
  webhook: GeminiWebhook,
  recollection: Recollection,
  ctx: TurnContext,
): Promise<{ observed: ObservedWebhook; access: RemoteAccess | undefined }> {
  const { metadata, status } = webhook
  if (isDeleting(webhook)) recollection.deletingSinceMs ??= ctx.clock.monotonic()
  const look = noteLookRequest(webhook, recollection, ctx.clock.monotonic())
  const installation = ctx.installation()
  const namespaceTerminating = isDeleting(webhook) && (await isNamespaceTerminating(metadata.namespace, ctx))
  const { apiKey, access } =
    installation.state === 'confirmed'
      ? await reachGoogle(webhook, recollection, { installation, namespaceTerminating }, ctx)
      : {
          apiKey: { state: 'missing', reason: 'SecretNotFound', message: installation.message } as const,
          access: undefined,
        }
  const nowMs = ctx.clock.monotonic()
  const intent = viewIntent(status?.operation, recollection, nowMs, ctx.config)
  const [secret, sinks] = await Promise.all([lookUpSecret(webhook, ctx), lookUpSinks(webhook, ctx)])
  const keyring = ctx.keyring.entryOf(metadata.uid)
  const endpoint = viewEndpoint(webhook, ctx.config)
  const dynamic = await lookUpDynamic(webhook, { endpoint, keyring }, ctx)
  const asksGoogle =
    access !== undefined && hasFinalizer(webhook) && (isDeleting(webhook) || webhook.spec.suspend !== true)
  const remote = asksGoogle
    ? await observeRemote(webhook, { access, intent, recollection, endpoint }, ctx)
    : ({ state: 'notAsked' } as const)
  noteClaim(webhook, { remote, endpoint, keyring }, asksGoogle, recollection)
  const claimant = claimantOf(webhook, remote, ctx)
  noteClaimant(webhook, claimant, recollection, ctx)
  const { echoes = [], ...report } = ctx.reportOf(metadata.uid) ?? {}
  const sinkReports = ctx.reports?.sinks(metadata.uid)
  const proof = wantedProof({ endpoint }, keyring)
  const setback = viewSetback(webhook, recollection, ctx.clock.monotonic())
  const refused = refusedAction(recollection, metadata)
  const isDeletedHere = recollection.deleted?.has(status?.webhook?.id ?? '') === true
  const justDeleted = viewJustDeleted(recollection, ctx.clock.monotonic(), ctx.config)
  const held = { secret, keyring, ...(dynamic !== undefined && { dynamic }) }
  const refusedWrites = viewRefusedWrites(webhook, held, recollection, ctx.clock.monotonic())
  const observed: ObservedWebhook = {
    installation,
    endpoint,
    apiKey,
    secret,
    keyring,
    keyringHasRoom: ctx.keyring.hasRoomFor(metadata),
    sinks,
    ...(dynamic !== undefined && { dynamic }),
    remote,
    metadataHeld: isMetadataHeld(webhook, recollection, nowMs),
    fenceDue: nowMs >= fenceDueAtMs(webhook, recollection, ctx.config),
    rollout: rolloutTurn(webhook, endpoint, ctx),
    claimant,
    intent,
    ...(setback !== undefined && { setback }),
    ...(refused !== undefined && { refused }),
    ...(look !== undefined && look.forgave === undefined && { mayForgive: true as const }),
    ...(isDeletedHere && { deletedHere: true as const }),
    ...(justDeleted !== undefined && { justDeleted }),
    ...(refusedWrites.length > 0 && { refusedWrites }),
    ...(recollection.revealed !== undefined && { revealed: recollection.revealed }),
    probe: viewProbe(recollection, { endpoint, keyring }, nowMs, ctx.config),
    reenableCounted: isReenableCounted(webhook, remote, recollection),
    check: { ...viewCheck(webhook, recollection, proof, ctx), echoes },
    report: 'pending' in report ? report : undefined,
    ...(sinkReports !== undefined && { sinkReports }),
    countsDue: areCountsDue(webhook, ctx, {
      report: 'pending' in report ? report : undefined,
      sinceToldMs: nowMs - (recollection.countsToldMs ?? -Infinity),
    }),
    namespaceTerminating,
    keylessMs: recollection.keylessSinceMs === undefined ? 0 : nowMs - recollection.keylessSinceMs,
  }
  return { observed, access }
}

/**
 * The service behind the object's API key. A key whose Secret went first, with its namespace, is still remembered for
 * deleting.
 */
async function reachGoogle(
  webhook: GeminiWebhook,
  recollection: Recollection,
  { installation, namespaceTerminating }: { installation: Installation; namespaceTerminating: boolean },
  ctx: TurnContext,
): Promise<{ apiKey: ApiKeyLookup; access: RemoteAccess | undefined }> {
  const identity = identityOf(installation, webhook)
  const lookup = await lookUpApiKey(webhook, installation.id, ctx.secrets)
  if (lookup.state === 'found') {
    delete recollection.keylessSinceMs
    const { fingerprint } = lookup.value
    recollection.fingerprint = fingerprint
    const service = await ctx.pool.serviceFor(lookup.value, callerFor(webhook, ctx))
    return { apiKey: found({ fingerprint }), access: { service, fingerprint, identity } }
  }
  recollection.keylessSinceMs ??= ctx.clock.monotonic()
  const fingerprint = webhook.status?.webhook?.keyFingerprint ?? recollection.fingerprint
  const mayRemember = namespaceTerminating && lookup.state === 'missing'
  const remembered = mayRemember ? ctx.pool.known(fingerprint, callerFor(webhook, ctx)) : undefined
  if (remembered === undefined || fingerprint === undefined) return { apiKey: lookup, access: undefined }
  return { apiKey: found({ fingerprint }), access: { service: remembered, fingerprint, identity } }
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

function claimantOf(webhook: GeminiWebhook, remote: RemoteLookup, ctx: WebhookContext) {
  const { installation, webhooks, recollections } = ctx
  const view = installation()
  if (view.state !== 'confirmed') return undefined
  return findClaimant(webhook, remote, {
    webhooks,
    installationId: view.id,
    claimOf: (uid) => recollections.claimOf(uid),
    isServed: (other) => ownerOfObject(other, ctx).type !== 'another',
  })
}

async function lookUpSecret(webhook: GeminiWebhook, ctx: WebhookContext): Promise<Lookup<TargetSecret>> {
  const { namespace, name, uid } = webhook.metadata
  const lookup = await ctx.secrets.read({ namespace, name: signingSecretNameOf(webhook) })
  return lookup.state === 'found' ? found(readTargetSecret(lookup.value, { uid, name })) : lookup
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
  if (open !== undefined && recollection.checkSeen?.attemptID !== open) {
    recollection.checkSeen = { attemptID: open, atMs: nowMs }
  }
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

/** Not knowing counts as no: then the object merely waits longer for its key. */
async function isNamespaceTerminating(name: string, { client, logger }: WebhookContext): Promise<boolean> {
  try {
    const namespace = await client.get<Namespace>(namespaceKind, { namespace: '', name })
    return namespace?.status?.phase === 'Terminating' || namespace?.metadata.deletionTimestamp !== undefined
  } catch (error) {
    logger.debug({ namespace: name, reason: failureOf(error).reason }, 'namespace.unreadable')
    return false
  }
}
