import type { GeminiWebhookSpec } from '../../../src/api/spec.ts'
import type { DynamicSecret, WantedDynamicContent } from '../../../src/controller/secrets/dynamic-secret.ts'
import { found } from '../../../src/controller/facts/lookup.ts'
import type { DynamicView, ObservedWebhook } from '../../../src/controller/facts/observed.ts'
import { act, type Plan } from '../../../src/controller/plan/result.ts'
import type { DynamicEndpointEntry, KeyringEntry } from '../../../src/contract/keyring/entry.ts'
import { hashToken } from '../../../src/contract/keyring/token-hash.ts'
import { aWebhook, endpointUrl, type WebhookBuilder } from './a-webhook.ts'
import { anObservation, currentSecret, live } from './an-observation.ts'

export type DynamicSpec = NonNullable<GeminiWebhookSpec['dynamic']>

export const dynamicToken = 'k3mWq7yT5uXz0aBcDeFgHiJkLmNoPqRsTuVwXyZ1234'
export const dynamicName = 'batch-events-dynamic-endpoint'
export const tokenHash = hashToken(dynamicToken)
/** What receivers are told of an endpoint at rest. */
export const toldToken: DynamicEndpointEntry = { tokens: [{ hash: tokenHash }], audiences: [] }
const secrets = [live(currentSecret)]
const uri = `https://hooks.example.com/v1/d/ml/batch-events/${dynamicToken}`

/** The Secret of an endpoint at rest. */
export function aDynamicSecret(changes: Partial<DynamicSecret> = {}): DynamicSecret {
  const empty = { previous: [], handledRequestIDs: [], labels: {}, annotations: {} }
  return { ownership: 'ours', resourceVersion: '7', token: dynamicToken, uri, ...empty, ...changes }
}

export function keyringTelling(dynamic: DynamicEndpointEntry | undefined): KeyringEntry {
  const entry = { uid: 'uid-1', namespace: 'ml', name: 'batch-events', secrets, sinks: [] }
  return { ...entry, ...(dynamic !== undefined && { dynamic }) }
}

/** A registered webhook at rest with a dynamic endpoint, which is at rest but for what is given. */
export function observedWithDynamic(
  dynamic: Partial<DynamicView>,
  changes: Partial<ObservedWebhook> = {},
): ObservedWebhook {
  return {
    ...anObservation().build(),
    keyring: keyringTelling(toldToken),
    dynamic: { name: dynamicName, secret: found(aDynamicSecret()), entry: toldToken, ...dynamic },
    ...changes,
  }
}

export function wantingDynamic(spec: DynamicSpec = {}): WebhookBuilder {
  return aWebhook().registered().spec({ dynamic: spec })
}

/** The plan that writes the Secret, and then the keyring. */
export function storesDynamic(content: WantedDynamicContent, existing?: DynamicSecret): Plan {
  return act(
    [
      {
        type: 'StoreDynamicSecret',
        name: dynamicName,
        endpointUrl,
        ...content,
        ...(existing !== undefined && { existing }),
      },
      { type: 'WriteKeyring', secrets },
    ],
    'Progressing',
    'writing the Secret of the dynamic endpoint',
  )
}
