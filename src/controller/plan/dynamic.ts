import { dynamicSecretNameOf, revokePreviousOf, signingSecretNameOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { maxLiveTokens, type DynamicEndpointEntry } from '../../contract/keyring/entry.ts'
import { hashToken } from '../../contract/keyring/token-hash.ts'
import type { Action } from '../facts/action.ts'
import {
  type DynamicSecret,
  type PreviousToken,
  type WantedDynamicContent,
  unlistedTokens,
} from '../secrets/dynamic-secret.ts'
import { addressNow } from '../facts/endpoint-view.ts'
import { formatTime } from '../../format-time.ts'
import { missing } from '../facts/lookup.ts'
import type { DynamicView, ObservedWebhook } from '../facts/observed.ts'
import { act, actQuietly, afterFailure, stall, type Plan, type PlanContext } from './result.ts'
import { keyringDiffers } from './secret.ts'
import { keptSecrets } from '../secrets/kept-secrets.ts'
import { isSameJson } from '../facts/same-json.ts'
import { dynamicUrl } from '../../contract/endpoint-path.ts'

/**
 * How long a replaced token still opens the endpoint: a job that was started with it runs for up to a day, its
 * deliveries are repeated for another, twice over.
 */
const tokenOverlapMs = 96 * 3_600_000
/** As many request ids as for the signing secret. */
const maxHandledRequests = 16

/**
 * The Secret that publishes the endpoint to jobs, then the keyring, then what is left under a former name. Needs
 * neither an API key nor Google. Undefined when all agree, and when the Secret prevents it, which `planDynamicProblem`
 * reports.
 */
export function planDynamic(webhook: GeminiWebhook, observed: ObservedWebhook, ctx: PlanContext): Plan | undefined {
  const { dynamic } = observed
  if (dynamic === undefined) return undefined
  const step = planStep(webhook, observed, dynamic, ctx.nowMs)
  if (step !== undefined) return act(step, 'Progressing', 'writing the Secret of the dynamic endpoint')
  const secrets = keptSecrets(observed.keyring, ctx.nowMs)
  // With events, sinks and secrets are written along with the webhook; without any, this is all that the entry has.
  const isUntold = !isSameJson(observed.keyring?.dynamic, dynamic.entry) || webhook.spec.events === undefined
  const mayTell = dynamic.entry !== undefined || observed.keyring !== undefined
  if (mayTell && isUntold && keyringDiffers(observed, secrets)) return actQuietly([{ type: 'WriteKeyring', secrets }])
  return planFormer(webhook, dynamic)
}

/** The Secret is not ours, or cannot be read. Checked last, so that everything that does not need it is done. */
export function planDynamicProblem(
  { metadata }: GeminiWebhook,
  { dynamic }: ObservedWebhook,
  { config }: PlanContext,
): Plan | undefined {
  if (dynamic?.name === undefined) return undefined
  // One that is missing is made with the token of the former one, as soon as that can be read.
  const source = dynamic.secret.state === 'missing' ? (dynamic.former?.secret ?? missing) : dynamic.secret
  if (source.state === 'failed') return afterFailure(source.failure, config.credentialsRetryMs)
  if (dynamic.secret.state !== 'found' || dynamic.secret.value.ownership !== 'stranger') return undefined
  const message = `Secret ${metadata.namespace}/${dynamic.name} exists and does not belong to this object; it is not touched: remove it, or choose another spec.dynamic.secretName`
  return stall('SecretNameTaken', message)
}

/**
 * Once the object is released nothing opens the endpoint any more, so the Secret goes too, whatever becomes of the
 * webhook.
 */
export function withDynamicReleased(webhook: GeminiWebhook, plan: Plan): Plan {
  const names = new Set([dynamicSecretNameOf(webhook), webhook.status?.endpoint?.dynamicSecretName])
  const deletions = [...names].flatMap((name): Action[] =>
    name === undefined || name === signingSecretNameOf(webhook) ? [] : [{ type: 'DeleteDynamicSecret', name }],
  )
  const at = plan.actions.findIndex(({ type }) => type === 'RemoveFinalizer')
  return at < 0 ? plan : { ...plan, actions: plan.actions.toSpliced(at, 0, ...deletions) }
}

function planStep(
  webhook: GeminiWebhook,
  observed: ObservedWebhook,
  dynamic: DynamicView,
  nowMs: number,
): Action[] | undefined {
  const { name, secret, former } = dynamic
  if (name === undefined || secret.state === 'failed' || observed.endpoint.state !== 'ours') return undefined
  const existing = secret.state === 'found' ? secret.value : undefined
  if (existing?.ownership === 'stranger') return undefined
  if (existing === undefined && former?.secret.state === 'failed') return undefined
  const renamed = former?.secret.state === 'found' ? former.secret.value : undefined
  const held = existing ?? (renamed?.ownership === 'stranger' ? undefined : renamed)
  const wanted = wantedContent(webhook, held, observed.keyring?.dynamic, nowMs)
  // Jobs do not get an address that is not proven yet.
  const url = addressNow(webhook, observed, observed.endpoint.url)
  const uri = held?.token === undefined ? undefined : dynamicUrl(url, held.token)
  const isAsWanted =
    existing?.ownership === 'ours' &&
    wanted.token !== undefined &&
    existing.uri === uri &&
    isSameJson(existing.previous, wanted.previous) &&
    isSameJson(existing.handledRequestIDs, wanted.handledRequestIDs)
  if (isAsWanted) return undefined
  const secrets = keptSecrets(observed.keyring, nowMs)
  return [
    { type: 'StoreDynamicSecret', name, endpointUrl: url, ...wanted, ...(existing !== undefined && { existing }) },
    { type: 'WriteKeyring', secrets },
  ]
}

/**
 * What the Secret is to say. A request that is present from the start is only recorded: the first token is new already.
 */
function wantedContent(
  { spec }: GeminiWebhook,
  held: DynamicSecret | undefined,
  told: DynamicEndpointEntry | undefined,
  nowMs: number,
): WantedDynamicContent {
  const request = spec.dynamic?.tokenRequest
  const handled = held?.handledRequestIDs ?? []
  const isNewRequest = request !== undefined && !handled.includes(request.id)
  const isRequested = held?.token !== undefined && isNewRequest
  const revokesNow = isRequested && revokePreviousOf(request) === 'Immediately'
  const token = isRequested ? undefined : held?.token
  const currentHash = held?.token === undefined ? undefined : hashToken(held.token)
  const endsNow = isRequested && currentHash !== undefined ? [currentHash] : []
  const listed = held?.previous ?? []
  const lapsing = [...endsNow, ...unlistedTokens(told, currentHash, listed)]
  const fresh = lapsing.map((hash) => ({ hash, notAfter: formatTime(nowMs + tokenOverlapMs) }))
  // With a lost Secret its list is lost; the keyring still has one.
  const remembered = listed.length > 0 ? listed : listedBy(told)
  const previous = [...fresh, ...remembered].map((each) => (revokesNow ? endedBy(each, nowMs) : each))
  return {
    ...(token !== undefined && { token }),
    previous: previous.filter((each) => isNeeded(each, told, nowMs)).slice(0, maxLiveTokens),
    handledRequestIDs: isNewRequest ? [...handled, request.id].slice(-maxHandledRequests) : handled,
    cause: isRequested ? 'Requested' : token !== undefined ? 'Updated' : told === undefined ? 'Created' : 'Lost',
  }
}

function listedBy(told: DynamicEndpointEntry | undefined): PreviousToken[] {
  return (told?.tokens ?? []).flatMap(({ hash, notAfter }) => (notAfter === undefined ? [] : [{ hash, notAfter }]))
}

function endedBy({ hash, notAfter }: PreviousToken, nowMs: number): PreviousToken {
  return Date.parse(notAfter) <= nowMs ? { hash, notAfter } : { hash, notAfter: formatTime(nowMs) }
}

/**
 * An expired token stays listed until the keyring has the change: otherwise it would look like one that was not
 * replaced.
 */
function isNeeded({ hash, notAfter }: PreviousToken, told: DynamicEndpointEntry | undefined, nowMs: number): boolean {
  if (Date.parse(notAfter) > nowMs) return true
  return told?.tokens.some((token) => token.hash === hash && token.notAfter === undefined) === true
}

function planFormer(webhook: GeminiWebhook, { name, secret, former }: DynamicView): Plan | undefined {
  if (former === undefined || former.name === signingSecretNameOf(webhook)) return undefined
  // Until the Secret of now is there, jobs read the former one, and nothing else holds the token.
  const isReplaced = secret.state === 'found' && secret.value.ownership !== 'stranger'
  return name === undefined || isReplaced ? actQuietly([{ type: 'DeleteDynamicSecret', name: former.name }]) : undefined
}
