import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { restsStalled } from '../plan/at-rest.ts'
import type { WorkingConfig } from '../config.ts'
import { isCheckWanted, provesAddress } from '../facts/endpoint-proof.ts'
import { viewEndpoint } from '../facts/endpoint-view.ts'
import { isDeleting } from '../facts/life-stage.ts'
import type { RolloutTurn } from '../facts/observed.ts'
import { isStaticUrlOf } from '../../contract/endpoint-path.ts'

interface Canary {
  uid: string
  namespace: string
  name: string
  /** Its check at the new address failed. */
  failed: boolean
}

/**
 * `open`: the new address is proven, or nobody can prove it. Else one object goes first, and the others wait for its
 * proof.
 */
export type Rollout = { state: 'open' } | { state: 'canary'; canary: Canary }

type Addresses = Pick<WorkingConfig, 'baseUrl' | 'allowedHostnames'>

/**
 * A changed base URL concerns every object at once, and a wrong one would break them all: of the objects that share an
 * API key in a namespace the oldest that can be checked goes first. Pure; `objects` are those.
 */
export function judgeRollout(objects: readonly GeminiWebhook[], config: Addresses): Rollout {
  const candidates = objects.filter((webhook) => canProve(webhook, config)).toSorted(byAge)
  const moved = candidates.filter((webhook) => hasMoved(webhook, config))
  if (moved.some(isProven)) return { state: 'open' }
  const first = moved[0] ?? candidates.find(isWell)
  if (first === undefined) return { state: 'open' }
  const { uid, namespace, name } = first.metadata
  const failed = moved.includes(first) && conditionOf(first, 'EndpointVerified') === 'False'
  return { state: 'canary', canary: { uid, namespace, name, failed } }
}

export function turnOf({ metadata }: GeminiWebhook, rollout: Rollout): RolloutTurn {
  if (rollout.state === 'open' || rollout.canary.uid === metadata.uid) return { state: 'go' }
  const { namespace, name, failed } = rollout.canary
  return { state: 'wait', canary: { namespace, name, failed } }
}

/**
 * Whether the object itself may have asked for another address than the one that was applied: that was none of ours, or
 * the spec changed since and the host is, or was, one that a spec can name. What an object asks for is applied at once;
 * any other edit does not let it overtake.
 */
export function mayHaveChosen(
  { metadata, spec, status }: GeminiWebhook,
  appliedUri: string,
  { allowedHostnames }: Pick<WorkingConfig, 'allowedHostnames'>,
): boolean {
  const applied = URL.parse(appliedUri)
  // A server of the user's before, or the address of a webhook that was adopted.
  if (applied === null || !isStaticUrlOf(applied, metadata)) return true
  if (metadata.generation === status?.observedGeneration) return false
  return spec.endpoint?.hostname !== undefined || allowedHostnames.includes(applied.hostname)
}

function canProve(webhook: GeminiWebhook, config: Addresses): boolean {
  const endpoint = viewEndpoint(webhook, config)
  return !isDeleting(webhook) && webhook.spec.suspend !== true && isCheckWanted(webhook, { endpoint })
}

function hasMoved(webhook: GeminiWebhook, config: Addresses): boolean {
  const endpoint = viewEndpoint(webhook, config)
  return endpoint.state === 'ours' && endpoint.url === webhook.status?.webhook?.uri
}

function isProven({ status }: GeminiWebhook): boolean {
  return provesAddress(status?.webhook?.checkedSpec, status?.webhook?.uri)
}

/**
 * An object with troubles of its own would hold up all the others; one that merely rests, such as with a sink that is
 * wrong, can prove an address.
 */
function isWell(webhook: GeminiWebhook): boolean {
  const stalled = webhook.status?.conditions?.find(({ type }) => type === 'Stalled')
  return conditionOf(webhook, 'Registered') === 'True' && (stalled === undefined || restsStalled.has(stalled.reason))
}

function conditionOf({ status }: GeminiWebhook, wanted: string): string | undefined {
  return status?.conditions?.find(({ type }) => type === wanted)?.status
}

function byAge(a: GeminiWebhook, b: GeminiWebhook): number {
  return (
    a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
    a.metadata.uid.localeCompare(b.metadata.uid)
  )
}
