import { dynamicSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { maxLiveTokens, type DynamicEndpointEntry, type KeyringEntry } from '../../contract/keyring/entry.ts'
import { hashToken } from '../../contract/keyring/token-hash.ts'
import type { WebhookContext } from './context.ts'
import {
  readDynamicSecret,
  type DynamicSecret,
  type DynamicSecretOwner,
  unlistedTokens,
} from '../secrets/dynamic-secret.ts'
import { found, missing, type Lookup } from '../facts/lookup.ts'
import type { DynamicView, EndpointView } from '../facts/observed.ts'

/** Reads the Secrets of the dynamic endpoint; undefined for an object that neither wants nor had one. */
export function lookUpDynamic(
  webhook: GeminiWebhook,
  { endpoint, keyring }: { endpoint: EndpointView; keyring: KeyringEntry | undefined },
  ctx: Pick<WebhookContext, 'secrets' | 'clock'>,
): Promise<DynamicView | undefined> {
  // The receiver of an external URL is the user's own: nothing can be served there.
  const name = endpoint.state === 'external' ? undefined : dynamicSecretNameOf(webhook)
  const formerName = webhook.status?.endpoint?.dynamicSecretName
  const audiences = webhook.spec.dynamic?.audiences ?? []
  return lookUpDynamicOf(webhook.metadata, { name, formerName, audiences, keyring }, ctx)
}

interface LookedFor {
  /** Undefined: none is wanted. */
  name: string | undefined
  /** Under which status knows one. */
  formerName: string | undefined
  audiences: readonly string[]
  keyring: KeyringEntry | undefined
}

/** The same for any owner of a dynamic endpoint. */
export async function lookUpDynamicOf(
  owner: DynamicSecretOwner,
  { name, formerName, audiences, keyring }: LookedFor,
  ctx: Pick<WebhookContext, 'secrets' | 'clock'>,
): Promise<DynamicView | undefined> {
  if (name === undefined && formerName === undefined) return undefined
  const secret = name === undefined ? missing : await read(owner, name, ctx)
  const former =
    formerName === undefined || formerName === name
      ? undefined
      : { name: formerName, secret: await read(owner, formerName, ctx) }
  const held = secret.state === 'found' && secret.value.ownership !== 'stranger' ? secret.value : undefined
  const entry = name === undefined ? undefined : dynamicEntryOf(held, audiences, keyring, ctx.clock.now())
  return { name, secret, ...(former !== undefined && { former }), entry }
}

async function read(
  owner: DynamicSecretOwner,
  name: string,
  { secrets }: Pick<WebhookContext, 'secrets'>,
): Promise<Lookup<DynamicSecret>> {
  const lookup = await secrets.read({ namespace: owner.namespace, name })
  return lookup.state === 'found' ? found(readDynamicSecret(lookup.value, owner)) : lookup
}

/**
 * What the Secret says, as the keyring says it. While the Secret cannot tell, or does not know yet what becomes of the
 * token that receivers hold now, they keep what they have.
 */
export function dynamicEntryOf(
  held: Pick<DynamicSecret, 'token' | 'previous'> | undefined,
  audiences: readonly string[],
  keyring: KeyringEntry | undefined,
  nowMs: number,
): DynamicEndpointEntry | undefined {
  const before = keyring?.dynamic
  if (held?.token === undefined) return before
  const hash = hashToken(held.token)
  if (unlistedTokens(before, hash, held.previous).length > 0) return before
  const live = held.previous.filter(({ notAfter }) => Date.parse(notAfter) > nowMs)
  return { tokens: [{ hash }, ...live].slice(0, maxLiveTokens), audiences: [...audiences] }
}
