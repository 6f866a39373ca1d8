import { routeSecretNameOf } from '../../api/defaults.ts'
import type { GeminiRoute } from '../../api/gemini-route.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { apiVersion, routeKindName } from '../../api/kind.ts'
import { isStaticUrlOf, routeDynamicUrl, staticUrl } from '../../contract/endpoint-path.ts'
import { maxLiveTokens, type DynamicEndpointEntry, type KeyringEntry } from '../../contract/keyring/entry.ts'
import { hashToken } from '../../contract/keyring/token-hash.ts'
import { routeOwnerName } from '../../contract/route-owner.ts'
import type { WorkingConfig } from '../config.ts'
import { viewEndpoint } from '../facts/endpoint-view.ts'
import { failureOf, type Failure } from '../facts/failure-class.ts'
import { found } from '../facts/lookup.ts'
import type { DynamicView } from '../facts/observed.ts'
import { storyOfToken } from '../facts/token-story.ts'
import type { WebhookContext } from '../observe/context.ts'
import { dynamicEntryOf, lookUpDynamicOf } from '../observe/look-up-dynamic.ts'
import { obsoleteNameIn, problemOf, stepFor } from '../plan/dynamic-step.ts'
import { explainReserved } from '../plan/reserved-names.ts'
import { deleteSecretOf } from '../secrets/delete-secret.ts'
import type { DynamicSecretOwner } from '../secrets/dynamic-secret.ts'
import { writeDynamicSecret } from '../secrets/write-dynamic-secret.ts'
import type { Consent } from './consent.ts'
import { isWithoutWebhook } from './route-entry.ts'
import { toRouteEvent } from './route-events.ts'

/** What a pass found of the endpoint of its own that a route may have, and did for it. */
export interface RouteEndpoint {
  /** What the receivers are to know; undefined: nothing opens it. */
  entry: DynamicEndpointEntry | undefined
  /** The Secret that publishes it, as status is to tell. */
  secretName: string | undefined
  /** A Secret that is to be deleted once the receivers know the entry; status tells it until then. */
  obsoleteName?: string
  failure?: Failure
}

interface Given {
  consent: Consent
  webhook: GeminiWebhook | undefined
  /** What the receivers know. */
  known: KeyringEntry | undefined
  /** Throws where the keyring could not hold the route with this endpoint. */
  rehearse: (endpoint: DynamicEndpointEntry) => Promise<void>
}

type EndpointContext = Pick<WebhookContext, 'client' | 'clock' | 'config' | 'recorder' | 'secrets'>

/** As long as the hash of a token, and none of any. */
const standIn = { hash: hashToken('') }

/**
 * Brings the Secret of the endpoint to what it should be, as that of a webhook is. While the owner of the webhook
 * refuses the route nothing of it is touched, so that the token is the same once it is allowed again. Throws nothing
 * that a call answers.
 */
export async function prepareEndpoint(route: GeminiRoute, given: Given, ctx: EndpointContext): Promise<RouteEndpoint> {
  const { consent, webhook, known } = given
  const formerName = route.status?.endpoint?.dynamicSecretName
  const { dynamic } = route.spec
  if (dynamic !== undefined && !isServed(consent)) return { entry: keptEntry(given), secretName: formerName }
  const name = routeSecretNameOf(route)
  const owner = ownerOf(route)
  const audiences = dynamic?.audiences ?? []
  const looked = await lookUpDynamicOf(owner, { name, formerName, audiences, keyring: known }, ctx)
  if (looked === undefined) return { entry: undefined, secretName: undefined }
  const field = 'spec.dynamic.secretName'
  const reserved = name && explainReserved(field, { namespace: owner.namespace, name }, ctx.config)
  if (reserved !== undefined) return { entry: known?.dynamic, secretName: formerName, failure: nameTaken(reserved) }
  const written = webhook && (await write(route, looked, { ...given, webhook }, ctx))
  const view = written?.view ?? looked
  return summarize(view, { formerName, failure: written?.failure ?? problemOf(view, owner.namespace) })
}

function nameTaken(message: string): Failure {
  return { class: 'terminal', reason: 'SecretNameTaken', message, mayHaveCommitted: false }
}

/** Whom its Secrets belong to. */
export function ownerOf({ metadata: { namespace, name, uid } }: Pick<GeminiRoute, 'metadata'>): DynamicSecretOwner {
  return {
    namespace,
    name: routeOwnerName(name),
    uid,
    reference: { apiVersion, kind: routeKindName, name, uid },
  }
}

/** Once the receivers know the entry: what is left to be deleted goes, and stays in status where it does not. */
export async function finishEndpoint(
  route: GeminiRoute,
  endpoint: RouteEndpoint,
  ctx: Pick<EndpointContext, 'client' | 'secrets'>,
): Promise<RouteEndpoint> {
  const { obsoleteName } = endpoint
  if (obsoleteName === undefined) return endpoint
  try {
    await deleteSecretOf(ownerOf(route), obsoleteName, ctx)
    return endpoint
  } catch (error) {
    return { ...endpoint, secretName: obsoleteName, failure: failureOf(error) }
  }
}

function isServed({ type }: Consent): boolean {
  return type === 'attached' || type === 'prepared'
}

/** Where nothing is known of consent, what was given lasts; without a webhook there is nobody who gives it. */
function keptEntry({ consent, known }: Given): DynamicEndpointEntry | undefined {
  return consent.type === 'kept' && !isWithoutWebhook(consent) ? known?.dynamic : undefined
}

async function write(
  route: GeminiRoute,
  view: DynamicView,
  { webhook, known, rehearse }: Given & { webhook: GeminiWebhook },
  ctx: EndpointContext,
): Promise<{ view: DynamicView; failure?: Failure }> {
  const { client, clock, config, recorder, secrets } = ctx
  const { namespace, name } = route.metadata
  const address = addressOf(webhook, config)
  const uriOf = (token: string) => routeDynamicUrl(address, { namespace, name, token })
  const step = stepFor(view, { spec: route.spec.dynamic, told: known?.dynamic, uriOf, nowMs: clock.now() })
  if (step === undefined) return { view }
  const audiences = route.spec.dynamic?.audiences ?? []
  try {
    // With a token that the keyring cannot hold, the deliveries of every job that uses it would be refused.
    if (step.token === undefined) {
      await rehearse({ tokens: [standIn, ...step.previous].slice(0, maxLiveTokens), audiences })
    }
    const secret = await writeDynamicSecret(ownerOf(route), step, { client, secrets, uriOf })
    const story = storyOfToken(step.cause)
    if (story !== undefined) recorder.record(toRouteEvent(route, story))
    return { view: { ...view, secret: found(secret), entry: dynamicEntryOf(secret, audiences, known, clock.now()) } }
  } catch (error) {
    return { view, failure: failureOf(error) }
  }
}

/** Where its webhook is served now: jobs get no other address before that is proven. */
function addressOf(webhook: GeminiWebhook, config: Pick<WorkingConfig, 'baseUrl' | 'allowedHostnames'>): string {
  const { url: told = '' } = webhook.status?.endpoint ?? {}
  const parsed = URL.parse(told)
  if (parsed !== null && isStaticUrlOf(parsed, webhook.metadata)) return told
  const endpoint = viewEndpoint(webhook, config)
  return endpoint.state === 'ours' ? endpoint.url : staticUrl(new URL(config.baseUrl), webhook.metadata)
}

function summarize(
  view: DynamicView,
  { formerName, failure }: { formerName: string | undefined; failure: Failure | undefined },
): RouteEndpoint {
  const { name, entry, secret } = view
  const obsoleteName = failure === undefined ? obsoleteNameIn(view) : undefined
  const isHeld = secret.state === 'found' && secret.value.ownership !== 'stranger'
  return {
    entry,
    secretName: isHeld ? name : obsoleteName === undefined ? formerName : undefined,
    ...(obsoleteName !== undefined && { obsoleteName }),
    ...(failure !== undefined && { failure }),
  }
}

/**
 * Of a route that is gone. Kubernetes deletes them too, by their owner; this is sooner, and holds where nobody
 * collects. The next route of the name may be there by now, where another installation or replica was sooner: what it
 * has stays. A deletion that is refused for good is left to Kubernetes: it must not keep a route that is made anew from
 * its work. Throws what may pass by itself.
 */
export async function deleteSecretsOf(
  route: GeminiRoute,
  ctx: Pick<EndpointContext, 'client' | 'secrets'>,
): Promise<void> {
  const names = new Set([routeSecretNameOf(route), route.status?.endpoint?.dynamicSecretName])
  for (const name of names) {
    if (name === undefined) continue
    try {
      await deleteSecretOf(ownerOf(route), name, ctx, { uidOnly: true })
    } catch (error) {
      if (failureOf(error).class !== 'refused') throw error
    }
  }
}
