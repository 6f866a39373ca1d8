import type { ConditionType } from './conditions.ts'
import type { ConditionStatus } from './status.ts'

/** The closed list of condition reasons. A new reason is written here first; docs/reference/conditions.md is generated from it. */

export interface ReasonMeaning {
  /** On which conditions it appears. `Ready`, `Reconciling` and `Stalled` repeat the reason of what they summarise. */
  conditions: readonly ConditionType[]
  statuses: readonly ConditionStatus[]
  meaning: string
  /** What a human can do; "Nothing." where time does it. */
  remedy: string
}

const nothing = 'Nothing.'
const summary = ['Ready', 'Reconciling'] as const
const stuck = ['Ready', 'Stalled'] as const

export const reasons = {
  Succeeded: {
    conditions: [
      'Ready',
      'CredentialsValid',
      'Registered',
      'SecretAvailable',
      'InSync',
      'Enabled',
      'EndpointVerified',
      'SinksResolved',
    ],
    statuses: ['True'],
    meaning: 'It is as it should be.',
    remedy: nothing,
  },
  Progressing: {
    conditions: [
      'Ready',
      'CredentialsValid',
      'Registered',
      'SecretAvailable',
      'InSync',
      'Enabled',
      'EndpointVerified',
      'SinksResolved',
      'Reconciling',
    ],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'The controller is at work and nothing went wrong so far.',
    remedy: nothing,
  },
  ProgressingWithRetry: {
    conditions: [...summary, 'Registered', 'SecretAvailable', 'InSync', 'Enabled'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'A step failed in a way that may pass; it is tried again with growing pauses.',
    remedy: 'Nothing, unless it lasts: the message says what failed.',
  },
  Suspended: {
    conditions: ['Ready', 'Registered', 'InSync', 'Enabled', 'EndpointVerified'],
    statuses: ['False', 'Unknown'],
    meaning: 'spec.suspend is true: no calls are made to Google. Deliveries are still received.',
    remedy: 'Set spec.suspend to false or remove it.',
  },
  Deleting: {
    conditions: summary,
    statuses: ['True', 'False'],
    meaning: 'The object is being deleted and its webhook removed at Google.',
    remedy: nothing,
  },
  InvalidSpec: {
    conditions: [...stuck, 'Registered'],
    statuses: ['True', 'False'],
    meaning:
      'The spec contradicts itself, or asks for something that this installation does not allow, such as a host name.',
    remedy: 'Change the field that the message names.',
  },
  SecretNotFound: {
    conditions: ['Ready', 'Reconciling', 'CredentialsValid'],
    statuses: ['True', 'False'],
    meaning: 'The Secret that spec.apiKeySecretRef names does not exist.',
    remedy: 'Create the Secret in the namespace of the GeminiWebhook, or correct its name.',
  },
  SecretKeyMissing: {
    conditions: ['Ready', 'Reconciling', 'CredentialsValid'],
    statuses: ['True', 'False'],
    meaning: 'The Secret with the API key has no such key, or it is empty.',
    remedy: 'Put the API key under the key that the message names, or set spec.apiKeySecretRef.key.',
  },
  CredentialsRejected: {
    conditions: [...stuck, 'CredentialsValid'],
    statuses: ['True', 'False'],
    meaning: 'Google refuses the API key. Tried again every 15 minutes and as soon as the Secret changes.',
    remedy: 'Put a valid key of the same project into the Secret.',
  },
  ProjectChanged: {
    conditions: ['Ready', 'Reconciling', 'CredentialsValid'],
    statuses: ['True', 'False'],
    meaning:
      'The API key belongs to another project than the one that holds the webhook: the old webhook is removed or noted as an orphan, a new one is made.',
    remedy: 'Nothing if that was meant; else put back a key of the old project.',
  },
  RemoteRejected: {
    conditions: [...stuck, 'Registered', 'InSync', 'Enabled'],
    statuses: ['True', 'False'],
    meaning: 'Google refuses the request itself, several times.',
    remedy: 'Change what the message names: often an event type or the URL.',
  },
  RemoteUnavailable: {
    conditions: [...summary, 'CredentialsValid', 'Registered', 'InSync', 'Enabled'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'Google does not answer, or answers with errors of its own.',
    remedy: nothing,
  },
  RateLimited: {
    conditions: [...summary, 'Registered', 'InSync', 'Enabled'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'Google asked for a pause, or the call budget of the API key is used up.',
    remedy: 'Nothing, unless it lasts: spread objects over more projects or ask for quota.',
  },
  CreateIncomplete: {
    conditions: [...summary, 'Registered'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'A create was begun and its outcome is not known; after the settle time the list of webhooks decides.',
    remedy: nothing,
  },
  RotationInProgress: {
    conditions: [...summary, 'SecretAvailable'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'The signing secret is being replaced.',
    remedy: nothing,
  },
  Missing: {
    conditions: [...summary, 'Registered'],
    statuses: ['True', 'False', 'Unknown'],
    meaning:
      'Google answers that the webhook does not exist; believed after a second answer, then it is created again.',
    remedy: nothing,
  },
  Repairing: {
    conditions: [...summary, 'SecretAvailable'],
    statuses: ['True', 'False'],
    meaning: 'The Secret was lost or changed by another hand and is being restored.',
    remedy: 'Nothing; find out who changes the Secret if it happens again.',
  },
  SecretContested: {
    conditions: [...stuck, 'SecretAvailable'],
    statuses: ['True', 'False'],
    meaning:
      'The Secret was repaired three times in 24 hours and changed again; the message names the last field manager.',
    remedy: 'Stop the other writer, then set the annotation webhooks.gemini-operator.io/reconcile-requested-at.',
  },
  SecretNameTaken: {
    conditions: [...stuck, 'SecretAvailable'],
    statuses: ['True', 'False'],
    meaning: 'A Secret of that name exists and does not belong to this object. It is not touched.',
    remedy: 'Choose another spec.signingSecret.name, or delete or rename the other Secret.',
  },
  OwnedByAnotherInstallation: {
    conditions: [...stuck, 'Registered', 'InSync'],
    statuses: ['True', 'False'],
    meaning: 'The webhook at Google carries the marker of another object or installation. It is not touched.',
    remedy: 'Remove it there, or take it over with spec.externalID and adoptionPolicy TakeOver.',
  },
  InstallationUnconfirmed: {
    conditions: [...stuck, 'Registered'],
    statuses: ['True', 'False'],
    meaning:
      'The installation id was restored into another cluster or namespace; nothing is changed at Google until someone confirms it.',
    remedy: 'Confirm or replace the id in the ConfigMap gwh-installation in the namespace of the operator.',
  },
  MarkerNotEchoed: {
    conditions: [...stuck, 'Registered'],
    statuses: ['True', 'False'],
    meaning:
      'Google answered a create without our marker in the name. The webhook exists, its id is recorded, the create is not repeated.',
    remedy: 'Report it; meanwhile adopt the id with spec.externalID in a new object.',
  },
  CRDOutdated: {
    conditions: stuck,
    statuses: ['True', 'False'],
    meaning: 'The API server dropped a status field that the controller wrote: the CRD is older than the controller.',
    remedy: 'Apply the CRD that belongs to the version of the controller.',
  },
  ExternalIDInUse: {
    conditions: [...stuck, 'Registered'],
    statuses: ['True', 'False'],
    meaning: 'An older GeminiWebhook already claims spec.externalID.',
    remedy: 'Delete one of the two objects.',
  },
  ExternalIDNotFound: {
    conditions: [...stuck, 'Registered'],
    statuses: ['True', 'False'],
    meaning: 'The project of the API key has no webhook with the id in spec.externalID.',
    remedy: 'Correct the id or the API key; "gwh import" lists what exists.',
  },
  NotRequired: {
    conditions: ['Registered', 'SecretAvailable', 'InSync', 'Enabled', 'EndpointVerified'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'The spec has no events, so no webhook is registered; only the dynamic endpoint is served.',
    remedy: nothing,
  },
  Drifted: {
    conditions: [...summary, 'InSync'],
    statuses: ['True', 'False'],
    meaning:
      'Someone changed the webhook at Google; the message names the first field. With driftPolicy Correct it is put back.',
    remedy: 'Nothing with driftPolicy Correct; with Report, change the spec or put the webhook back by hand.',
  },
  UpdatePending: {
    conditions: [...summary, 'InSync'],
    statuses: ['True', 'False'],
    meaning: 'The spec or the base URL changed and the webhook at Google has not been updated yet.',
    remedy: nothing,
  },
  DisabledBySpec: {
    conditions: ['Enabled', 'EndpointVerified'],
    statuses: ['False', 'Unknown'],
    meaning: 'spec.state is Disabled.',
    remedy: 'Set spec.state to Enabled or remove it.',
  },
  DisabledByGoogle: {
    conditions: ['Ready', 'Reconciling', 'Stalled', 'Enabled', 'EndpointVerified'],
    statuses: ['True', 'False', 'Unknown'],
    meaning:
      'Google gave up on the endpoint after failed deliveries. With autoReenable WhenHealthy it is enabled again, at most three times a day, once a probe succeeds.',
    remedy: 'Look at the way to the endpoint: DNS, TLS, ingress, receiver. "gwh status" names the broken link.',
  },
  NotChecked: {
    conditions: ['EndpointVerified'],
    statuses: ['Unknown'],
    meaning: 'spec.endpointCheck is Never.',
    remedy: 'Set spec.endpointCheck to OnChange or Periodic for a proof.',
  },
  CheckPending: {
    conditions: [...summary, 'EndpointVerified'],
    statuses: ['True', 'False', 'Unknown'],
    meaning: 'A ping was sent and has not come back yet.',
    remedy: nothing,
  },
  NeverArrived: {
    conditions: [...summary, 'EndpointVerified'],
    statuses: ['True', 'False'],
    meaning: 'Three pings were sent and no receiver saw a delivery that verifies. Tried again at the next resync.',
    remedy: 'Look at the way to the endpoint: DNS, TLS, ingress, receiver. "gwh status" names the broken link.',
  },
  ExternalEndpoint: {
    conditions: ['EndpointVerified'],
    statuses: ['Unknown'],
    meaning: 'spec.endpoint.url is a server of yours; what arrives there cannot be seen from here.',
    remedy: nothing,
  },
  SinkInvalid: {
    conditions: ['Ready', 'SinksResolved'],
    statuses: ['False'],
    meaning:
      'A sink names something that does not exist or is not allowed: Service, credentials Secret, address, subject or filter. status.sinks says which.',
    remedy: 'Correct the sink, or create what it names.',
  },
  SinkUnsupported: {
    conditions: ['Ready', 'SinksResolved'],
    statuses: ['False'],
    meaning: 'A sink uses something that this version or this installation does not offer.',
    remedy: 'Use another kind of sink, upgrade, or switch it on in the configuration of the installation.',
  },
  CredentialsTooLarge: {
    conditions: [...stuck, 'SinksResolved'],
    statuses: ['True', 'False'],
    meaning: 'The resolved sinks of this object, credentials included, exceed what the keyring may carry.',
    remedy: 'Use fewer or smaller headers, or spread the sinks over several GeminiWebhooks.',
  },
  DeletionBlocked: {
    conditions: stuck,
    statuses: ['True', 'False'],
    meaning:
      'The object is being deleted, but the webhook cannot be removed at Google because the API key is missing or refused.',
    remedy:
      'Restore the key; or set spec.deletionPolicy to Retain; or set the annotation webhooks.gemini-operator.io/abandon to "true".',
  },
} as const satisfies Record<string, ReasonMeaning>

export type Reason = keyof typeof reasons
