import type { Switches } from './switches.ts'

type WebhookState = 'enabled' | 'disabled' | 'disabled_due_to_failed_deliveries'

export interface SecretRecord {
  secret: string
  /** Absent on the current one. */
  expireMs?: number
}

/** One registered webhook as a value; every change makes a new one. */
export interface WebhookRecord {
  id: string
  name: string | undefined
  uri: string
  subscribedEvents: readonly string[]
  state: WebhookState
  /** Oldest first. */
  secrets: readonly SecretRecord[]
  createdMs: number
  updatedMs: number
  /** Failed attempts in a row, and since when there was nothing else. */
  failures: number
  failingSinceMs: number | undefined
}

export interface WebhookInput {
  name?: string | undefined
  uri: string
  subscribedEvents: readonly string[]
}

export type RecordChanges = Partial<Pick<WebhookRecord, 'name' | 'uri' | 'subscribedEvents' | 'state'>>

export const revocationBehaviors = ['revoke_previous_secrets_after_h24', 'revoke_previous_secrets_immediately'] as const
export type RevocationBehavior = (typeof revocationBehaviors)[number]

/** How long a secret outlives the rotation that replaced it. */
const overlapMs = 24 * 3_600_000

export function newWebhook(id: string, input: WebhookInput, secret: string, nowMs: number): WebhookRecord {
  const { name, uri, subscribedEvents } = input
  const times = { createdMs: nowMs, updatedMs: nowMs, failures: 0, failingSinceMs: undefined }
  return { id, name, uri, subscribedEvents, state: 'enabled', secrets: [{ secret }], ...times }
}

export function updateWebhook(record: WebhookRecord, changes: RecordChanges, nowMs: number): WebhookRecord {
  const updated = { ...record, ...changes, updatedMs: nowMs }
  const enabledAgain = record.state !== 'enabled' && updated.state === 'enabled'
  return enabledAgain ? { ...updated, failures: 0, failingSinceMs: undefined } : updated
}

/** The secrets that still count, oldest first. */
export function liveSecrets(record: WebhookRecord, nowMs: number): SecretRecord[] {
  return record.secrets.filter(({ expireMs }) => expireMs === undefined || expireMs > nowMs)
}

export function rotateSecret(
  record: WebhookRecord,
  secret: string,
  behavior: RevocationBehavior,
  context: { nowMs: number; switches: Switches },
): WebhookRecord {
  const { nowMs, switches } = context
  const state =
    switches.rotateAutoDisabled === 'reset' && record.state === 'disabled_due_to_failed_deliveries'
      ? 'enabled'
      : record.state
  const previous = behavior === 'revoke_previous_secrets_immediately' ? [] : expiring(record, context)
  const all = [...previous, { secret }]
  const secrets = switches.maxSigningSecrets === 0 ? all : all.slice(-switches.maxSigningSecrets)
  return updateWebhook({ ...record, secrets }, { state }, nowMs)
}

function expiring(record: WebhookRecord, { nowMs, switches }: { nowMs: number; switches: Switches }): SecretRecord[] {
  const live = liveSecrets(record, nowMs)
  switch (switches.secondRotation) {
    case 'oldExpiryKept':
      return live.map(({ secret, expireMs }) => ({ secret, expireMs: expireMs ?? nowMs + overlapMs }))
    case 'oldExpiryRenewed':
      return live.map(({ secret }) => ({ secret, expireMs: nowMs + overlapMs }))
    case 'oldestDropped':
      return live.slice(-1).map(({ secret }) => ({ secret, expireMs: nowMs + overlapMs }))
  }
}

/** What an attempt's result does to the webhook: a success forgets failures, enough failures disable it. */
export function afterAttempt(
  record: WebhookRecord,
  succeeded: boolean,
  context: { nowMs: number; switches: Switches },
): WebhookRecord {
  const { nowMs, switches } = context
  if (succeeded) return record.failures === 0 ? record : { ...record, failures: 0, failingSinceMs: undefined }
  const failing = { ...record, failures: record.failures + 1, failingSinceMs: record.failingSinceMs ?? nowMs }
  return failing.state === 'enabled' && isGivenUp(failing, nowMs, switches)
    ? updateWebhook(failing, { state: 'disabled_due_to_failed_deliveries' }, nowMs)
    : failing
}

function isGivenUp({ failures, failingSinceMs = 0 }: WebhookRecord, nowMs: number, switches: Switches): boolean {
  switch (switches.autoDisable) {
    case 'afterFailures':
      return switches.autoDisableFailures > 0 && failures >= switches.autoDisableFailures
    case 'afterWindow':
      return nowMs - failingSinceMs >= switches.autoDisableWindowMs
    case 'off':
      return false
  }
}

/** The resource as get, list and update show it: secrets only by their last four characters. */
export function toWire(record: WebhookRecord, context: { nowMs: number; switches: Switches }): Record<string, unknown> {
  const { nowMs, switches } = context
  const secrets = liveSecrets(record, nowMs).map(toTruncated)
  const times = { create_time: rfc3339(record.createdMs), update_time: rfc3339(record.updatedMs) }
  return {
    id: record.id,
    ...(record.name !== undefined && { name: record.name }),
    uri: record.uri,
    subscribed_events: record.subscribedEvents,
    state: record.state,
    signing_secrets: switches.signingSecretsOrder === 'newestFirst' ? secrets.toReversed() : secrets,
    ...(switches.times === 'sent' && times),
  }
}

function toTruncated({ secret, expireMs }: SecretRecord): Record<string, string> {
  const truncated_secret = `whsec_...${secret.slice(-4)}`
  return expireMs === undefined ? { truncated_secret } : { truncated_secret, expire_time: rfc3339(expireMs) }
}

export function rfc3339(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z')
}
