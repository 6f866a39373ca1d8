import { signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { namespaceKind, type Namespace } from '../../kubernetes/core-kinds.ts'
import { viewEndpoint } from '../facts/endpoint-view.ts'
import { failureOf } from '../facts/failure-class.ts'
import { hasFinalizer, isDeleting } from '../facts/life-stage.ts'
import { found, type Lookup } from '../facts/lookup.ts'
import type { ApiKeyLookup, ObservedWebhook } from '../facts/observed.ts'
import { identityOf } from '../facts/ownership.ts'
import { intentInStatus, viewIntent } from '../memory/intent.ts'
import { countedReenable, type Noted, type Recollection } from '../memory/recollection.ts'
import { readTargetSecret, type TargetSecret } from '../secrets/target-secret.ts'
import { callerFor } from './caller.ts'
import type { RemoteAccess, TurnContext, WebhookContext } from './context.ts'
import { claimAfter } from './find-claimant.ts'
import { lookUpApiKey, type ApiKeyResult } from './look-up-api-key.ts'
import { lookUpDynamic } from './look-up-dynamic.ts'
import { lookUpSinks } from './look-up-sinks.ts'
import { observeRemote, type RemoteLook } from './observe-remote.ts'

/** The API key of an object, and the installation for which its fingerprint was made. */
export type KeyLook =
  | { installation: Extract<ObservedWebhook['installation'], { state: 'confirmed' }>; lookup: ApiKeyResult }
  /** Nothing is read for an installation that is not confirmed. */
  | { installation: Extract<ObservedWebhook['installation'], { state: 'unconfirmed' }>; lookup?: never }

/** What was read of one object. */
export type Reads = Pick<
  ObservedWebhook,
  'installation' | 'namespaceTerminating' | 'endpoint' | 'apiKey' | 'intent' | 'secret' | 'sinks' | 'keyring' | 'remote'
> &
  Partial<Pick<ObservedWebhook, 'dynamic' | 'pause'>> & {
    /** When they were begun, on the monotonic clock. */
    atMs: number
  }

export interface Observation {
  reads: Reads
  /** How Google is reached; undefined: not at all. */
  access: RemoteAccess | undefined
  /** To be remembered before the reads are judged: what others claim is compared with it. */
  noted: Noted
}

/**
 * Reads the API key, before anything else is: whoever remembers its fingerprint at once keeps the pool from dropping a
 * key that is waited for.
 */
export async function observeKey(
  webhook: GeminiWebhook,
  { installation: view, secrets }: Pick<WebhookContext, 'installation' | 'secrets'>,
): Promise<KeyLook> {
  const installation = view()
  if (installation.state === 'unconfirmed') return { installation }
  return { installation, lookup: await lookUpApiKey(webhook, installation.id, secrets) }
}

/** Reads everything that a plan looks at, and changes nothing; a failed read is data. `viewWebhook` judges it. */
export async function observeWebhook(
  webhook: GeminiWebhook,
  { key, recollection }: { key: KeyLook; recollection: Recollection },
  ctx: TurnContext,
): Promise<Observation> {
  const { metadata, status } = webhook
  const namespaceTerminating = isDeleting(webhook) && (await isNamespaceTerminating(metadata.namespace, ctx))
  const { apiKey, access } = await reachGoogle(webhook, { key, recollection, namespaceTerminating }, ctx)
  const atMs = ctx.clock.monotonic()
  const intent = intentInStatus(status?.operation, recollection.intent, atMs)
  const intentView = viewIntent(status?.operation, intent, atMs, ctx.config)
  const [secret, sinks] = await Promise.all([lookUpSecret(webhook, ctx), lookUpSinks(webhook, ctx)])
  const keyring = ctx.keyring.entryOf(metadata.uid)
  const endpoint = viewEndpoint(webhook, ctx.config)
  const dynamic = await lookUpDynamic(webhook, { endpoint, keyring }, ctx)
  const pause = ctx.pause()
  const isActive = isDeleting(webhook) || webhook.spec.suspend !== true
  const wouldAsk = access !== undefined && hasFinalizer(webhook) && isActive
  const { remote, noted }: RemoteLook =
    wouldAsk && pause === undefined
      ? await observeRemote(webhook, { access, intent: intentView, remembered: intent, recollection, endpoint }, ctx)
      : { remote: { state: 'notAsked' }, noted: {} }
  const { installation } = key
  const reads = { installation, namespaceTerminating, endpoint, apiKey, intent: intentView, secret, sinks, keyring }
  return {
    reads: { ...reads, remote, ...(dynamic !== undefined && { dynamic }), ...(pause !== undefined && { pause }), atMs },
    access,
    noted: {
      ...noted,
      intent,
      // A pause takes nothing from anybody.
      claim: claimAfter(webhook, { remote, endpoint, keyring }, wouldAsk, recollection.claim),
      checkSeen: checkSeen(webhook, recollection, ctx.clock.monotonic()),
      reenableCountedAs: countedReenable(recollection, remote),
    },
  }
}

/**
 * The service behind the object's API key. A key whose Secret went first, with its namespace, is still remembered for
 * deleting, and so is one that left the spec together with the events.
 */
async function reachGoogle(
  webhook: GeminiWebhook,
  {
    key,
    recollection,
    namespaceTerminating,
  }: { key: KeyLook; recollection: Recollection; namespaceTerminating: boolean },
  ctx: TurnContext,
): Promise<{ apiKey: ApiKeyLookup; access: RemoteAccess | undefined }> {
  if (key.lookup === undefined) {
    const { message } = key.installation
    return { apiKey: { state: 'missing', reason: 'SecretNotFound', message }, access: undefined }
  }
  const { installation, lookup } = key
  const identity = identityOf(installation, webhook)
  if (lookup.state === 'found') {
    const { fingerprint } = lookup.value
    const service = await ctx.pool.serviceFor(lookup.value, callerFor(webhook, ctx))
    return { apiKey: found({ fingerprint }), access: { service, fingerprint, identity } }
  }
  if (lookup.state === 'notNeeded') return { apiKey: lookup, access: undefined }
  const fingerprint = webhook.status?.webhook?.keyFingerprint ?? recollection.fingerprint
  const isTakenOut = webhook.spec.apiKeySecretRef === undefined
  const mayRemember = (namespaceTerminating || isTakenOut) && lookup.state === 'missing'
  const remembered = mayRemember ? ctx.pool.known(fingerprint, callerFor(webhook, ctx)) : undefined
  if (remembered === undefined || fingerprint === undefined) return { apiKey: lookup, access: undefined }
  return { apiKey: found({ fingerprint }), access: { service: remembered, fingerprint, identity } }
}

async function lookUpSecret(webhook: GeminiWebhook, ctx: WebhookContext): Promise<Lookup<TargetSecret>> {
  const { namespace, name, uid } = webhook.metadata
  const lookup = await ctx.secrets.read({ namespace, name: signingSecretNameOf(webhook) })
  return lookup.state === 'found' ? found(readTargetSecret(lookup.value, { uid, name })) : lookup
}

/** Since when receivers could see the open endpoint check: this process takes the first look at it for that. */
function checkSeen(
  { status }: GeminiWebhook,
  { checkSeen: seen }: Recollection,
  nowMs: number,
): Recollection['checkSeen'] {
  const open = status?.check?.attemptID
  return open === undefined || seen?.attemptID === open ? seen : { attemptID: open, atMs: nowMs }
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
