import { revokePreviousOf } from '../../api/defaults.ts'
import type { DynamicSpec } from '../../api/dynamic.ts'
import { maxLiveTokens, type DynamicEndpointEntry } from '../../contract/keyring/entry.ts'
import { hashToken } from '../../contract/keyring/token-hash.ts'
import { formatTime } from '../../format-time.ts'
import type { Failure } from '../facts/failure-class.ts'
import { missing } from '../facts/lookup.ts'
import type { DynamicView } from '../facts/observed.ts'
import { isSameJson } from '../facts/same-json.ts'
import {
  type DynamicSecret,
  type PreviousToken,
  type WantedDynamicContent,
  unlistedTokens,
} from '../secrets/dynamic-secret.ts'
import type { DynamicSecretStep } from '../secrets/write-dynamic-secret.ts'

/** The Secret of a dynamic endpoint, of a webhook or of a route: what is to be written, deleted and complained of. */

/**
 * How long a replaced token still opens the endpoint: a job that was started with it runs for up to a day, its
 * deliveries are repeated for another, twice over.
 */
const tokenOverlapMs = 96 * 3_600_000
/** As many request ids as for the signing secret. */
const maxHandledRequests = 16

/** What the Secret is to follow from. */
export interface DynamicWish {
  /** `spec.dynamic` of the object. */
  spec: DynamicSpec | undefined
  /** What receivers hold now. */
  told: DynamicEndpointEntry | undefined
  uriOf: (token: string) => string
  nowMs: number
}

/** Undefined: the Secret is as it should be, or may not be written. Pure. */
export function stepFor({ name, secret, former }: DynamicView, wish: DynamicWish): DynamicSecretStep | undefined {
  if (name === undefined || secret.state === 'failed') return undefined
  const existing = secret.state === 'found' ? secret.value : undefined
  if (existing?.ownership === 'stranger') return undefined
  if (existing === undefined && former?.secret.state === 'failed') return undefined
  const renamed = former?.secret.state === 'found' ? former.secret.value : undefined
  const held = existing ?? (renamed?.ownership === 'stranger' ? undefined : renamed)
  const wanted = wantedContent(held, wish)
  const uri = held?.token === undefined ? undefined : wish.uriOf(held.token)
  const isAsWanted =
    existing?.ownership === 'ours' &&
    wanted.token !== undefined &&
    existing.uri === uri &&
    isSameJson(existing.previous, wanted.previous) &&
    isSameJson(existing.handledRequestIDs, wanted.handledRequestIDs)
  return isAsWanted ? undefined : { name, ...wanted, ...(existing !== undefined && { existing }) }
}

/** Why the Secret cannot be read or written; undefined: nothing prevents it, or none is wanted. Pure. */
export function problemOf({ name, secret, former }: DynamicView, namespace: string): Failure | undefined {
  if (name === undefined) return undefined
  // One that is missing is made with the token of the former one, as soon as that can be read.
  const source = secret.state === 'missing' ? (former?.secret ?? missing) : secret
  if (source.state === 'failed') return source.failure
  if (secret.state !== 'found' || secret.value.ownership !== 'stranger') return undefined
  const message = `Secret ${namespace}/${name} exists and does not belong to this object; it is not touched: remove it, or choose another spec.dynamic.secretName`
  return { class: 'terminal', reason: 'SecretNameTaken', message, mayHaveCommitted: false }
}

/** The Secret that is to be deleted: under a former name, or of an endpoint that is not wanted any more. Pure. */
export function obsoleteNameIn({ name, secret, former }: DynamicView): string | undefined {
  // Until the Secret of now is there, jobs read the former one, and nothing else holds the token.
  const isReplaced = secret.state === 'found' && secret.value.ownership !== 'stranger'
  return name === undefined || isReplaced ? former?.name : undefined
}

/**
 * What the Secret is to say. A request that is present from the start is only recorded: the first token is new already.
 */
function wantedContent(
  held: DynamicSecret | undefined,
  { spec, told, nowMs }: Pick<DynamicWish, 'spec' | 'told' | 'nowMs'>,
): WantedDynamicContent {
  const request = spec?.tokenRequest
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
