import { desiredStateOf } from '../../api/defaults.ts'
import type { GeminiWebhook } from '../../api/gemini-webhook.ts'
import { knownEventTypes } from '../../api/names.ts'
import type { GeminiWebhookSpec } from '../../api/spec.ts'
import type { RemoteWebhook, WebhookChanges } from '../../gemini/webhook-service.ts'
import { canonicalTypes, noAliases, type EventAliases } from '../../gemini/event-aliases.ts'
import { knownWebhookStates } from '../../gemini/unknown-in-answer.ts'
import { formerNamesOf, markerIn } from './ownership.ts'
import { isSameJson } from './same-json.ts'

/** What the webhook at Google should be. */
export interface DesiredRemote {
  name: string
  uri: string
  subscribedEvents: string[]
  state: 'enabled' | 'disabled'
}

export interface Difference {
  field: keyof DesiredRemote
  /**
   * `Spec` asks for something else than was last applied; `Drift`: it was changed at Google by others. `Fence`: the
   * name lacks only the whole marker or the token of this installation, because an earlier version wrote it; this
   * difference is not urgent.
   */
  cause: 'Spec' | 'Drift' | 'Fence'
}

export const disabledByGoogle = 'disabled_due_to_failed_deliveries'

export function desiredRemoteOf(webhook: GeminiWebhook, name: string, uri: string): DesiredRemote {
  return {
    name,
    uri,
    subscribedEvents: [...(webhook.spec.events ?? [])],
    state: desiredStateAtGoogle(webhook.spec),
  }
}

export function desiredStateAtGoogle(spec: GeminiWebhookSpec): DesiredRemote['state'] {
  return desiredStateOf(spec) === 'Enabled' ? 'enabled' : 'disabled'
}

/**
 * Three-way: desired, last applied, remote. In the order of importance to people. That Google itself disabled what
 * should be enabled is no difference: only a working endpoint may be enabled again. Nor is what an answer does not say,
 * or says in a word that this version does not know, of what was applied before: correcting it would never end.
 */
export function differencesOf(
  webhook: GeminiWebhook,
  desired: DesiredRemote,
  remote: RemoteWebhook,
  aliases: EventAliases = noAliases,
): Difference[] {
  const applied = webhook.status?.webhook
  const gaveUp = remote.state === disabledByGoogle
  const differences: Difference[] = []
  const compare = (field: Difference['field'], differs: boolean, asApplied: boolean) => {
    if (differs) differences.push({ field, cause: asApplied ? 'Drift' : 'Spec' })
  }
  const isUriApplied = applied?.uri === desired.uri
  compare('uri', desired.uri !== remote.uri && !(isUriApplied && remote.uri === ''), isUriApplied)
  const areEventsApplied = sameSet(desired.subscribedEvents, applied?.events ?? [])
  const meansTheSame = () => mayMeanTheSame(namesOf(desired, aliases), namesOf(remote, aliases))
  compare(
    'subscribedEvents',
    !sameSet(desired.subscribedEvents, remote.subscribedEvents) && !(areEventsApplied && meansTheSame()),
    areEventsApplied,
  )
  const isNameApplied = applied?.name === desired.name
  const isNameKept = desired.name === remote.name || (isNameApplied && isCutShort(desired.name, remote.name))
  const isOfOldForm = !isNameApplied && remote.name !== undefined && formerNamesOf(desired.name).includes(remote.name)
  if (isOfOldForm && !isNameKept) differences.push({ field: 'name', cause: 'Fence' })
  else compare('name', !isNameKept && !(isNameApplied && isNameUnsaid(remote)), isNameApplied)
  // Status of before it was recorded what was applied: an unchanged spec was.
  const isStateApplied =
    applied?.appliedState === undefined
      ? webhook.metadata.generation === webhook.status?.observedGeneration
      : applied.appliedState === desired.state
  const isTold = knownWebhookStates.has(remote.state) || !isStateApplied
  compare('state', isTold && desired.state !== remote.state && !(gaveUp && desired.state === 'enabled'), isStateApplied)
  return differences
}

function namesOf({ subscribedEvents }: Pick<RemoteWebhook, 'subscribedEvents'>, aliases: EventAliases): Set<string> {
  return new Set(canonicalTypes(subscribedEvents, aliases))
}

const known: ReadonlySet<string> = new Set(knownEventTypes)

/**
 * Whether a subscription is the one that was applied, as far as one can tell: nothing is said of it, or in the place of
 * each event that is missing is one of a name that is not known, as after a renaming at Google.
 */
function mayMeanTheSame(applied: ReadonlySet<string>, shown: ReadonlySet<string>): boolean {
  if (shown.size === 0) return true
  const added = [...shown].filter((event) => !applied.has(event))
  return shown.size === applied.size && added.every((event) => !known.has(event))
}

/** No name at all is one that another hand has removed, unless it may be in a field that this version does not know. */
function isNameUnsaid({ name, hasUnknownFields }: RemoteWebhook): boolean {
  return name === undefined && hasUnknownFields === true
}

/**
 * A name that the service cut short when it was applied still says whose it is: the marker comes first. Correcting it
 * again would never end.
 */
function isCutShort(desired: string, remote: string | undefined): boolean {
  return remote !== undefined && desired.startsWith(remote) && markerIn(remote) === markerIn(desired)
}

/** Exactly the differing fields. */
export function changesFor(differences: readonly Difference[], desired: DesiredRemote): WebhookChanges {
  return Object.fromEntries(differences.map(({ field }) => [field, desired[field]]))
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return isSameJson([...new Set(a)].toSorted(), [...new Set(b)].toSorted())
}
