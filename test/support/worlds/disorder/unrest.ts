import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import {
  handledTokenRequestsAnnotation,
  reconcileRequestedAtAnnotation,
  signingSecretKeys,
} from '../../../../src/api/names.ts'
import { secretKind, type Secret } from '../../../../src/kubernetes/core-kinds.ts'
import { markerOf, remoteNameOf } from '../../../../src/controller/facts/ownership.ts'
import { baseUrl, decode, tenant } from '../controller-fixture.ts'
import { name, type World } from './scene.ts'

/** What is not as it must be once all is quiet; empty at rest. */
export async function unrestIn(world: World): Promise<string[]> {
  const webhook = await world.get(name)
  if (webhook === undefined) return ['the object is gone']
  const inStatus = unrestInStatus(webhook)
  if (inStatus.length > 0) return inStatus
  return [
    ...unlike(webhook, world),
    ...(await unrestInSecrets(webhook, world)),
    ...(await unrestInToken(webhook, world)),
  ]
}

function unrestInStatus({ metadata, spec, status }: GeminiWebhook): string[] {
  const conditions = status?.conditions ?? []
  const ready = conditions.find(({ type }) => type === 'Ready')
  const requested = metadata.annotations?.[reconcileRequestedAtAnnotation]
  const request = spec.rotation?.request?.id
  const stale = conditions.filter(({ observedGeneration }) => observedGeneration !== metadata.generation)
  const problems = [
    ready?.status !== 'True' && `Ready is ${ready?.status}: ${ready?.reason}`,
    status?.observedGeneration !== metadata.generation && 'status is of another generation',
    stale.length > 0 && `of another generation: ${stale.map(({ type }) => type).join()}`,
    ...conditions.map(({ type, message }) => ['Stalled', 'Reconciling'].includes(type) && `${type}: ${message}`),
    status?.operation !== undefined && 'an intent is open',
    status?.check !== undefined && 'a check is open',
    status?.lastHandledReconcileAt !== requested?.slice(0, 256) && 'the request to look is not acknowledged',
    request !== undefined && status?.rotation?.handledRequestIDs?.includes(request) !== true && 'not rotated as asked',
  ]
  return problems.filter((problem) => problem !== false)
}

/** How what Google has differs from what this version of the object asks for. */
export function unlike({ metadata, spec, status }: GeminiWebhook, world: World): string[] {
  const remotes = world.remotes()
  const [remote] = remotes
  if (remote === undefined || remotes.length > 1) return [`${remotes.length} webhooks at Google`]
  const marker = markerOf(status?.installationID ?? '', metadata)
  const wanted = {
    name: remoteNameOf({ marker, token: status?.installationToken ?? '' }, spec.displayName),
    uri: `${baseUrl}/v1/s/${tenant}/${name}`,
    events: spec.events?.join(),
    state: spec.state === 'Disabled' ? 'disabled' : 'enabled',
  }
  const found = { name: remote.name, uri: remote.uri, events: remote.subscribedEvents.join(), state: remote.state }
  return (Object.keys(wanted) as (keyof typeof wanted)[])
    .filter((field) => found[field] !== wanted[field])
    .map((field) => `${field} at Google is ${found[field]}, not ${wanted[field]}`)
}

async function unrestInSecrets({ metadata, status }: GeminiWebhook, world: World): Promise<string[]> {
  const live = world.admin.secrets(status?.webhook?.id ?? '')
  const current = live.find(({ expireMs }) => expireMs === undefined)?.secret
  const held = decode((await world.targetSecret(name))?.data?.[signingSecretKeys.current])
  const [first] = (await world.keyringEntry(metadata.uid))?.secrets ?? []
  const problems = [
    held !== current && 'the Secret does not hold what Google signs with',
    first?.secret !== current && 'receivers do not hold what Google signs with',
  ]
  return problems.filter((problem) => problem !== false)
}

async function unrestInToken({ spec, status }: GeminiWebhook, { client }: World): Promise<string[]> {
  const request = spec.dynamic?.tokenRequest?.id
  if (request === undefined) return []
  const key = { namespace: tenant, name: status?.endpoint?.dynamicSecretName ?? '' }
  const secret = key.name === '' ? undefined : await client.get<Secret>(secretKind, key)
  const handled = secret?.metadata.annotations?.[handledTokenRequestsAnnotation]?.split(',') ?? []
  return handled.includes(request) ? [] : ['no token as asked']
}
