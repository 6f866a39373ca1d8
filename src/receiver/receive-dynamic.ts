import type { IncomingMessage, ServerResponse } from 'node:http'

import { type dynamicRoute, type DynamicEndpointPath, routeDynamicRoute } from '../contract/endpoint-path.ts'
import type { RefreshOutcome } from '../signature/jwks-keeper.ts'
import type { KeySet } from '../signature/key-set.ts'
import { parseDynamicHeaders, type DynamicHeaders } from '../signature/parse-headers.ts'
import { PublicKeyVerifier, type PublicKeyVerdict } from '../signature/verify-public-key.ts'
import { isStale } from '../signature/verify.ts'
import { opensEndpoint } from './dynamic-endpoint.ts'
import type { Endpoint } from './endpoint.ts'
import type { Exchange } from './exchange.ts'
import type { PublicKeyChecks } from './public-key-checks.ts'
import { isAnnouncedTooLarge, receiveBody } from './receive-body.ts'
import { refused, storeDelivery, type Admission, type Delivery, type RouteDeps } from './store-delivery.ts'

/** Where the service's public keys come from. */
export interface PublicKeys {
  /** undefined until they are known. */
  readonly keys: KeySet | undefined
  /** For a signature that fits no key; decides by itself whether it is time to look. */
  refresh(): Promise<RefreshOutcome>
}

interface DynamicRouteDeps extends RouteDeps {
  readonly checks: PublicKeyChecks
  readonly publicKeys: PublicKeys
}

/** Where a delivery comes in: the endpoint of a webhook for its jobs, or that of a route. */
type DynamicPathTemplate = typeof dynamicRoute | typeof routeDynamicRoute

/**
 * Receives one delivery on a dynamic path. The service's keys are shared by all of its customers, so a signature alone
 * does not show whose job it is: the token in the path does, and it is checked first. Without it the answer is that of
 * a path that does not exist.
 */
export function createDynamicRoute(
  deps: DynamicRouteDeps,
): (
  request: IncomingMessage,
  response: ServerResponse,
  path: DynamicEndpointPath,
  template: DynamicPathTemplate,
) => void {
  const verifier = new PublicKeyVerifier()
  return (request, response, path, template) => {
    const exchange: Exchange = { request, response, route: template, startedMs: deps.clock.monotonic() }
    const admission = admit(deps, request, lookUp(deps, path, template), path.token)
    if (!admission.admitted) return deps.finish(exchange, admission.outcome, 'unread')
    const { endpoint, headers } = admission
    exchange.endpoint = endpoint
    receiveBody(deps, request, { exchange, owner: endpoint.owner }, (held) =>
      judge(deps, verifier, exchange, { endpoint, headers, ...held }),
    )
  }
}

function lookUp(
  { directory }: DynamicRouteDeps,
  { namespace, name }: DynamicEndpointPath,
  template: DynamicPathTemplate,
): Endpoint | undefined {
  return template === routeDynamicRoute ? directory.lookupRoute(namespace, name) : directory.lookup(namespace, name)
}

/** All that can be said before the body is read. Cheap refusals come first: nothing here needs a public key. */
function admit(
  deps: DynamicRouteDeps,
  request: IncomingMessage,
  endpoint: Endpoint | undefined,
  token: string,
): Admission<DynamicHeaders> {
  const nowMs = deps.clock.now()
  if (!opensEndpoint(endpoint?.dynamic, token, nowMs) || endpoint === undefined) {
    return refused(deps.directory.isSynced ? 'UnknownEndpoint' : 'NotReady')
  }
  if (isAnnouncedTooLarge(request, deps.maxBodyBytes)) return refused('BodyTooLarge')
  const acceptsJwt = (endpoint.dynamic?.audiences.length ?? 0) > 0
  const parsed = parseDynamicHeaders(request.headers, { acceptsJwt })
  if (!parsed.ok) return refused(parsed.problem)
  const { value: headers } = parsed
  if (isStale(headers.timestampSeconds, nowMs)) return refused('StaleTimestamp')
  // Signed with another scheme only: the path determines the scheme, not the caller.
  if (headers.signatures.length === 0 && headers.jwt === undefined) return refused('BadSignature')
  if (deps.publicKeys.keys === undefined) return refused('NoLiveKey')
  return { admitted: true, endpoint, headers }
}

async function judge(
  deps: DynamicRouteDeps,
  verifier: PublicKeyVerifier,
  exchange: Exchange,
  delivery: Delivery<DynamicHeaders>,
): Promise<void> {
  const end = deps.checks.begin(delivery.endpoint.owner)
  if (end === undefined) {
    delivery.release()
    return deps.finish(exchange, 'ChecksExhausted', 'keep')
  }
  let outcome: 'held' | 'failed' = 'failed'
  try {
    const verdict = await verifyWithFreshKeys(deps, verifier, delivery)
    if (!verdict.accepted) {
      delivery.release()
      return deps.finish(exchange, verdict.mayBeNewKey ? 'KeysChanging' : 'BadSignature', 'keep')
    }
    outcome = 'held'
    storeDelivery(deps, exchange, { delivery, mode: 'dynamic', keyId: verdict.keyId, nowMs: deps.clock.now() })
  } finally {
    end(outcome)
  }
}

type FreshVerdict = Extract<PublicKeyVerdict, { accepted: true }> | { accepted: false; mayBeNewKey: boolean }

/** A signature that fits no key may be of a newer one: the keys are looked up once more, if it is time. */
async function verifyWithFreshKeys(
  deps: DynamicRouteDeps,
  verifier: PublicKeyVerifier,
  delivery: Delivery<DynamicHeaders>,
): Promise<FreshVerdict> {
  const first = await verifyNow(deps, verifier, delivery)
  if (first.accepted) return first
  const refreshed = await deps.publicKeys.refresh()
  if (refreshed !== 'changed') return { accepted: false, mayBeNewKey: refreshed === 'unknown' }
  const second = await verifyNow(deps, verifier, delivery)
  return second.accepted ? second : { accepted: false, mayBeNewKey: false }
}

function verifyNow(
  { publicKeys, clock }: DynamicRouteDeps,
  verifier: PublicKeyVerifier,
  { endpoint, headers, body }: Delivery<DynamicHeaders>,
): Promise<PublicKeyVerdict> {
  const { keys } = publicKeys
  if (keys === undefined) return Promise.resolve({ accepted: false })
  const audiences = endpoint.dynamic?.audiences ?? []
  return verifier.verify(headers, body, { keys, audiences, nowMs: clock.now() })
}
