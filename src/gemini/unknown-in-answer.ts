import { geminiEventTypes } from '../contract/consumers/gemini-events.ts'
import { isRecord } from '../is-record.ts'
import type { Unknown } from './unknown-forms.ts'

/** What a webhook has, as Google documents it and as the create call answers it. */
const webhookFields: ReadonlySet<string> = new Set([
  'id',
  'name',
  'uri',
  'subscribed_events',
  'state',
  'signing_secrets',
  'new_signing_secret',
  'create_time',
  'update_time',
])
const knownTypes: ReadonlySet<string> = new Set(geminiEventTypes)
/** The SDK adds it to what the service answers; in the second form where names were brought to one. */
const addedBySdk: ReadonlySet<string> = new Set(['sdkHttpResponse', 'sdk_http_response'])

/** The states that this version knows. A webhook in another one may or may not be delivered to. */
export const knownWebhookStates: ReadonlySet<string> = new Set([
  'enabled',
  'disabled',
  'disabled_due_to_failed_deliveries',
])

/** Fields of a webhook, as it was answered, that this version does not know. */
export function unknownWebhookFields(webhook: object): string[] {
  return Object.keys(webhook).filter((name) => !addedBySdk.has(name) && !webhookFields.has(name))
}

/** What the service prefixes its signing secrets with; behind it is the key in base64. */
const secretPrefix = 'whsec_'

/**
 * The same of a signing secret that was just revealed: nothing of it is named. Whether it can be used is for whoever
 * decodes it.
 */
export function unknownInRevealed(answer: unknown): Unknown[] {
  if (!isRecord(answer)) return []
  const { new_signing_secret: created, secret = created } = answer
  return typeof secret === 'string' && secret.startsWith(secretPrefix) ? [] : [{ what: 'SecretForm' }]
}

/**
 * An error whose body is JSON, but in neither of the two shapes that the API has. Pages of something in between are
 * none of Google's.
 */
export function unknownInError(error: unknown): Unknown[] {
  const { status, error: body } = isRecord(error) ? error : {}
  const isAnswer = typeof status === 'number' && status >= 400 && isRecord(body)
  return isAnswer && !isRecord(body['error']) ? [{ what: 'ErrorShape' }] : []
}

/** What of an answer with one webhook, or of a page of them, this version does not know: each once. Never throws. */
export function unknownInAnswer(answer: unknown): Unknown[] {
  if (!isRecord(answer)) return []
  const { webhooks } = answer
  const shown: unknown[] = Array.isArray(webhooks) ? webhooks : [answer]
  const found = new Map<string, Unknown>()
  for (const webhook of shown) {
    if (!isRecord(webhook)) continue
    for (const unknown of unknownInWebhook(webhook)) found.set(`${unknown.what}/${unknown.name ?? ''}`, unknown)
  }
  return [...found.values()]
}

function unknownInWebhook(webhook: Record<string, unknown>): Unknown[] {
  const { state, subscribed_events: events } = webhook
  // Written in another case, a field is understood, but it is news nevertheless.
  const fields = unknownWebhookFields(webhook).map((name) => ({ what: 'WebhookField', name }) as const)
  const isKnown = typeof state !== 'string' || state === '' || knownWebhookStates.has(state)
  const types = (Array.isArray(events) ? events : [])
    .filter((event: unknown) => typeof event === 'string' && !knownTypes.has(event))
    .map((event) => ({ what: 'EventType', name: String(event) }) as const)
  return [...fields, ...types, ...(isKnown ? [] : [{ what: 'WebhookState', name: state } as const])]
}
