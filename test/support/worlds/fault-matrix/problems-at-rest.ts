import type { GeminiWebhook } from '../../../../src/api/gemini-webhook.ts'
import { signingSecretKeys } from '../../../../src/api/names.ts'
import { isDocumented } from '../../../../src/api/reasons.ts'
import { markerOf, remoteNameOf } from '../../../../src/controller/facts/ownership.ts'
import { baseUrl, decode, tenant } from '../controller-fixture.ts'
import type { Combination } from './combinations.ts'
import { expectationFor, type Expectation } from './expectation.ts'
import { name, type Before, type World } from './operations.ts'

/**
 * What is not yet, or never will be, as it must be at rest; empty when all is. Stops at the first part that is wrong:
 * it is asked often.
 */
export async function problemsAtRest(world: World, combination: Combination, before: Before): Promise<string[]> {
  const expected = expectationFor(combination)
  const webhook = await world.get(name)
  if (combination.operation.name === 'delete')
    return webhook === undefined ? problemsWhenGone(world, before) : ['the object is there']
  if (webhook === undefined) return ['the object is gone']
  const missing = expected.effect ? combination.operation.missing(world, webhook, before) : undefined
  const problems = [...problemsInStatus(webhook, expected), ...(missing === undefined ? [] : [missing])]
  if (problems.length > 0) return problems
  const atGoogle = problemsAtGoogle(world, webhook, expected)
  if (atGoogle.length > 0 || expected.webhook === 'none') return atGoogle
  return problemsWithSecrets(world, combination, before, webhook)
}

async function problemsWhenGone(world: World, { uid }: Before): Promise<string[]> {
  const problems = [
    world.remotes().length > 0 && `${world.remotes().length} webhooks are left at Google`,
    (await world.targetSecret(name)) !== undefined && 'the Secret is left',
    (await world.keyringEntry(uid)) !== undefined && 'the keyring entry is left',
  ]
  return problems.filter((problem) => problem !== false)
}

function problemsInStatus({ metadata, status }: GeminiWebhook, expected: Expectation): string[] {
  const conditions = status?.conditions ?? []
  const found = Object.fromEntries(conditions.map((each) => [each.type, `${each.status}/${each.reason}`]))
  const types = new Set([...Object.keys(found), ...Object.keys(expected.conditions)])
  const wrong = [...types].filter((type) => found[type] !== expected.conditions[type])
  const problems = [
    ...wrong.map((type) => `${type} is ${found[type] ?? 'absent'}, not ${expected.conditions[type] ?? 'absent'}`),
    ...conditions.filter((each) => !isDocumented(each)).map(({ type }) => `${type} has an undocumented reason`),
    status?.observedGeneration !== metadata.generation && 'status is of another generation',
    status?.operation !== undefined && `an intent is open: ${status.operation.type}`,
    status?.check !== undefined && 'a check is open',
  ]
  return problems.filter((problem) => problem !== false)
}

function differing(what: string, found: unknown, wanted: unknown): string[] {
  return found === wanted ? [] : [`${what} at Google is ${String(found)}, not ${String(wanted)}`]
}

function problemsAtGoogle(world: World, webhook: GeminiWebhook, expected: Expectation): string[] {
  const remotes = world.remotes()
  if (expected.webhook === 'none') return remotes.length === 0 ? [] : [`${remotes.length} webhooks at Google, not none`]
  const [remote] = remotes
  if (remote === undefined || remotes.length !== 1) return [`${remotes.length} webhooks at Google, not one`]
  const { metadata, spec, status } = webhook
  const identity = differing('the id', remote.id, status?.webhook?.id)
  if (expected.webhook === 'unchanged') return identity
  const marker = markerOf(status?.installationID ?? '', metadata)
  const token = status?.installationToken ?? ''
  return [
    ...identity,
    ...differing('the name', remote.name, remoteNameOf({ marker, token }, spec.displayName)),
    ...differing('the URI', remote.uri, `${baseUrl}/v1/s/${tenant}/${name}`),
    ...differing('the list of events', remote.subscribedEvents.join(), spec.events?.join()),
    ...differing('the state', remote.state, spec.state === 'Disabled' ? 'disabled' : 'enabled'),
  ]
}

async function problemsWithSecrets(
  world: World,
  combination: Combination,
  before: Before,
  { metadata, status }: GeminiWebhook,
): Promise<string[]> {
  const { operation } = combination
  const live = world.admin.secrets(status?.webhook?.id ?? '')
  const current = live.find(({ expireMs }) => expireMs === undefined)?.secret
  const { data = {} } = (await world.targetSecret(name)) ?? {}
  const held = decode(data[signingSecretKeys.current])
  const keyring = (await world.keyringEntry(metadata.uid))?.secrets ?? []
  const inKeyring = keyring.map(({ secret }) => secret)
  const isKept = operation.secret === 'kept' || !expectationFor(combination).effect
  const wasLive = live.some(({ secret }) => secret === before.secret)
  const problems = [
    held !== current && 'the Secret does not hold what Google signs with',
    inKeyring[0] !== current && 'the keyring does not begin with what Google signs with',
    keyring[0]?.notAfter !== undefined && 'the current secret has an end in the keyring',
    isKept && current !== before.secret && 'the secret was rotated, and nobody asked for it',
    !isKept && current === before.secret && 'the secret was not rotated',
    !decode(data[signingSecretKeys.all]).split(' ').includes(held) && 'the joined key lacks the current secret',
    operation.previous === 'live' && wasLive && !inKeyring.includes(before.secret) && 'receivers lack a live secret',
    operation.previous === 'revoked' && inKeyring.length !== 1 && 'receivers hold a secret that was revoked',
  ]
  return problems.filter((problem) => problem !== false)
}
