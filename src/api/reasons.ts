import type { ConditionStatus, ConditionType } from './conditions.ts'

/**
 * The closed list of condition reasons. A new reason is written here first; docs/reference/conditions.md is generated
 * from it.
 */

export interface ReasonMeaning {
  /**
   * On which conditions it appears, and with which statuses there. Ready, Reconciling and Stalled repeat the reason of
   * what they summarise.
   */
  on: Readonly<Partial<Record<ConditionType, readonly ConditionStatus[]>>>
  meaning: string
  /** What a human can do; "Nothing." where time does it. */
  remedy: string
}

const nothing = 'Nothing.'
/** The controller continues by itself. */
const working = { Ready: ['False', 'Unknown'], Reconciling: ['True'] } as const
/** The controller waits for a human. */
const stalled = { Ready: ['False'], Stalled: ['True'] } as const

const yes = ['True'] as const
const no = ['False'] as const
const open = ['Unknown'] as const
const noOrOpen = ['False', 'Unknown'] as const

export const reasons = {
  Succeeded: {
    on: {
      Ready: yes,
      CredentialsValid: yes,
      Registered: yes,
      SecretAvailable: yes,
      InSync: yes,
      Enabled: yes,
      EndpointVerified: yes,
      SinksResolved: yes,
      SinksHealthy: yes,
    },
    meaning: 'It is as it should be.',
    remedy: nothing,
  },
  Progressing: {
    on: {
      ...working,
      Accepted: open,
      CredentialsValid: open,
      Registered: noOrOpen,
      SecretAvailable: noOrOpen,
      InSync: noOrOpen,
      Enabled: noOrOpen,
      EndpointVerified: open,
      SinksResolved: open,
    },
    meaning: 'The controller is at work and nothing went wrong so far.',
    remedy: nothing,
  },
  ProgressingWithRetry: {
    on: {
      ...working,
      Accepted: open,
      CredentialsValid: open,
      Registered: noOrOpen,
      SecretAvailable: noOrOpen,
      InSync: noOrOpen,
      Enabled: noOrOpen,
      EndpointVerified: open,
      SinksResolved: open,
    },
    meaning: 'A step failed in a way that may pass; it is tried again with growing pauses.',
    remedy: 'Nothing, unless it lasts: the message says what failed.',
  },
  Attached: {
    on: { Accepted: yes },
    meaning:
      'The route gets the events of the webhook that it names, as far as its filter and the owner of the webhook allow.',
    remedy: nothing,
  },
  NotAllowed: {
    on: { ...working, Stalled: yes, Accepted: no },
    meaning:
      'The owner of the webhook does not allow this route, or no longer does. Receivers make no attempt; waiting deliveries become dead letters, which can be replayed once the route is allowed.',
    remedy:
      'Have the owner of the webhook allow the namespace of the route in spec.allowedRoutes, which takes effect within seconds; or create the route anew with another spec.webhookRef.',
  },
  WebhookNotFound: {
    on: { ...working, Stalled: yes, Accepted: no },
    meaning: 'The GeminiWebhook that spec.webhookRef names does not exist.',
    remedy:
      'Create it; or create the route again with another spec.webhookRef, because that field cannot be changed. Without a namespace, it means the namespace of the route.',
  },
  WebhookNotServing: {
    on: { ...working, Stalled: yes, Accepted: no },
    meaning:
      'The webhook exists, but no receiver accepts its events: it is new, is being deleted, or has its own server in spec.endpoint.url.',
    remedy:
      'Look at the conditions of the webhook, unless it is new; or create the route again with another spec.webhookRef.',
  },
  TooManyRoutes: {
    on: { ...stalled, Accepted: no },
    meaning:
      'More than 1,000 allowed GeminiRoutes name the webhook. Namespaces take turns at the 1,000 places, each with its oldest routes first.',
    remedy: 'Delete routes that are not needed, or spread them over several webhooks.',
  },
  Suspended: {
    on: {
      Ready: noOrOpen,
      Stalled: yes,
      CredentialsValid: open,
      Registered: noOrOpen,
      SecretAvailable: noOrOpen,
      InSync: open,
      Enabled: open,
      EndpointVerified: open,
    },
    meaning:
      'spec.suspend is true, or, for webhooks, the whole installation is paused. For a webhook, the controller makes no calls to Google; deliveries are still received. For a route, receivers keep events for its sinks and make no attempt.',
    remedy:
      'Set spec.suspend to false or remove it. If the message names the pause of the installation, whoever runs the operator ends it with "gwh resume".',
  },
  Deleting: {
    on: working,
    meaning: 'The object is being deleted, and the controller is removing its webhook at Google.',
    remedy: nothing,
  },
  InvalidSpec: {
    on: { ...stalled, Registered: noOrOpen, InSync: no },
    meaning:
      'The spec contradicts itself, or asks for something that this installation does not allow, such as a host name.',
    remedy: 'Change the field that the message names.',
  },
  SecretNotFound: {
    on: { ...working, CredentialsValid: no },
    meaning:
      'The Secret that spec.apiKeySecretRef names does not exist; or the field was removed, but there is still a webhook at Google that has to be removed first.',
    remedy: 'Create the Secret in the namespace of the GeminiWebhook, correct its name, or do as the message says.',
  },
  SecretKeyMissing: {
    on: { ...working, CredentialsValid: no },
    meaning: 'The Secret with the API key has no such key, or it is empty.',
    remedy: 'Put the API key under the key that the message names, or set spec.apiKeySecretRef.key.',
  },
  CredentialsRejected: {
    on: { ...stalled, CredentialsValid: no },
    meaning:
      'Google refuses the API key. The controller tries it again every 15 minutes and as soon as the Secret changes.',
    remedy: 'Put a valid key of the same project into the Secret.',
  },
  ProjectChanged: {
    on: { ...working, CredentialsValid: no },
    meaning:
      'The API key belongs to another project than the webhook. The controller removes the old webhook or records it as an orphan, and registers a new one.',
    remedy: 'Nothing if you intended this; otherwise restore a key of the old project.',
  },
  RemoteRejected: {
    on: { ...stalled, Registered: no, InSync: no, Enabled: no },
    meaning: 'Google has refused the request itself several times.',
    remedy: 'Change what the message names: often an event type or the URL.',
  },
  RemoteUnavailable: {
    on: { ...working, CredentialsValid: open, Registered: noOrOpen, InSync: noOrOpen, Enabled: noOrOpen },
    meaning: 'Google does not answer, or answers with server errors.',
    remedy: nothing,
  },
  RateLimited: {
    on: { ...working, Registered: noOrOpen, InSync: noOrOpen, Enabled: noOrOpen },
    meaning: 'Google asked for a pause, or the call budget of the API key is used up.',
    remedy: 'Nothing, unless it lasts: spread objects over more projects or ask for quota.',
  },
  CreateIncomplete: {
    on: { ...working, Registered: noOrOpen },
    meaning: 'The outcome of a create call is not known; after the settle time, the list of webhooks decides.',
    remedy: nothing,
  },
  RotationInProgress: {
    on: { ...working, SecretAvailable: noOrOpen },
    meaning: 'The signing secret is being replaced.',
    remedy: nothing,
  },
  RotationBlocked: {
    on: { PartIgnored: yes },
    meaning:
      'A rotation window can never open: its cron, duration or time zone is wrong, or names days that do not exist; or windows are given without an interval or a request. The other windows, and rotation on demand, are not affected.',
    remedy: 'Correct or remove the window that the message names.',
  },
  MetadataNotAllowed: {
    on: { PartIgnored: yes },
    meaning:
      'spec.signingSecret names labels or annotations whose keys the installation does not allow, or that others set. The controller does not put them on the Secret. Keys that an earlier version or a wider list has put there stay until the spec drops them.',
    remedy:
      'Remove the keys that the message names; or ask whoever runs the installation to add them, or their common prefix, to allowedSecretLabels or allowedSecretAnnotations.',
  },
  BackfillRequestRefused: {
    on: { PartIgnored: yes },
    meaning:
      'spec.backfill.request asks for what ended longer ago than spec.backfill.lookback, or names no time that has passed. Backfill goes on without it.',
    remedy: 'Choose another time in spec.backfill.request.since, a longer lookback, or remove the request.',
  },
  OtherNamespaces: {
    on: { ProjectShared: yes },
    meaning:
      'Other namespaces have webhooks in the Google project of the API key, as its list of webhooks shows. Only namespaces that the controller watches count, and they are not named.',
    remedy:
      'Nothing, if these namespaces may know of the jobs of each other. Otherwise give each team its own Google project, or register once and let teams attach GeminiRoutes, as docs/tenancy.md explains. Whoever runs the installation can switch off this condition with warnSharedProject.',
  },
  Missing: {
    on: { ...working, Registered: noOrOpen },
    meaning:
      'Google answers that the webhook does not exist. After a second such answer, the controller creates it again.',
    remedy: nothing,
  },
  Repairing: {
    on: { ...working, SecretAvailable: no },
    meaning: 'The Secret was lost, or somebody else changed it; the controller is restoring it.',
    remedy: 'Nothing; find out who changes the Secret if it happens again.',
  },
  SecretContested: {
    on: { ...stalled, SecretAvailable: no },
    meaning:
      'The Secret was repaired three times in 24 hours and changed again; the message names the last field manager.',
    remedy:
      'Stop the other writer, then set the annotation webhooks.gemini-operator.io/reconcile-requested-at to a new value: the controller repairs the Secret at once, and counts from zero again.',
  },
  SecretNameTaken: {
    on: { ...stalled, SecretAvailable: no },
    meaning:
      'A Secret of that name exists but does not belong to this object, or the name is reserved for the operator. The controller leaves that Secret alone.',
    remedy:
      'Choose another spec.signingSecret.name or spec.dynamic.secretName, whichever the message names, or delete the other Secret.',
  },
  RefusedByAPIServer: {
    on: { ...stalled, SecretAvailable: no },
    meaning:
      'The API server refuses for good what the controller has to read or write, most often a Secret: it is immutable, an admission policy or webhook or a quota forbids it, a right was taken away, or the namespace is going. Nothing whose outcome could not be stored is asked of Google. A secret that Google revealed all the same is in the keyring, so deliveries go on being verified, and the intent stays open.',
    remedy:
      'Change what the message names. It is tried again with pauses that grow to five minutes, and at once when the spec, the Secret or the annotation webhooks.gemini-operator.io/reconcile-requested-at changes. An immutable Secret can be deleted: it is written again from the keyring.',
  },
  OwnedByAnotherInstallation: {
    on: { ...stalled, Registered: no, InSync: no },
    meaning:
      'The webhook at Google carries the marker of another object or installation, or the token of another cluster that runs with the same installationId. It is not touched.',
    remedy:
      'Remove it there, or take it over with spec.externalID and adoptionPolicy TakeOver. With the same installationId: give one installation another id, or confirm that this one replaces the other, as the message says.',
  },
  InstallationUnconfirmed: {
    on: { ...stalled, Registered: noOrOpen },
    meaning:
      'The installation id was restored into another cluster or namespace; nothing is changed at Google until someone confirms it.',
    remedy: 'Confirm or replace the id in the ConfigMap gwh-installation in the namespace of the operator.',
  },
  MarkerNotEchoed: {
    on: { ...stalled, Registered: no },
    meaning:
      'Google answered a create without our marker in the name. The webhook exists and its id is recorded; the controller does not repeat the create.',
    remedy: 'Report it; meanwhile adopt the id with spec.externalID in a new object.',
  },
  CRDOutdated: {
    on: stalled,
    meaning: 'The API server dropped a status field that the controller wrote: the CRD is older than the controller.',
    remedy: 'Apply the CRD that belongs to the version of the controller.',
  },
  ExternalIDInUse: {
    on: { ...stalled, Registered: no },
    meaning:
      'The webhook in spec.externalID carries the marker of a live GeminiWebhook, or another one of the same project that acts on it has registered it or is older.',
    remedy:
      'Delete one of the two objects. If the other one is in another namespace, only the log of the controller names it (webhook.yielded_claim).',
  },
  ExternalIDNotFound: {
    on: { ...stalled, Registered: no },
    meaning: 'The project of the API key has no webhook with the id in spec.externalID.',
    remedy: 'Correct the id or the API key.',
  },
  AdoptionRefused: {
    on: { ...stalled, Registered: no },
    meaning:
      'A webhook with the marker of this object, or the one in spec.externalID, exists already, and spec.adoptionPolicy is CreateOnly.',
    remedy: 'Delete the webhook at Google, or set spec.adoptionPolicy to CreateOrReadopt.',
  },
  NotRequired: {
    on: {
      CredentialsValid: open,
      Registered: no,
      SecretAvailable: open,
      InSync: open,
      Enabled: open,
      EndpointVerified: open,
    },
    meaning:
      'The spec has no events, so no webhook is registered; only the dynamic endpoint is served. Without apiKeySecretRef, the controller makes no call to Google at all.',
    remedy: nothing,
  },
  Drifted: {
    on: { ...working, Stalled: yes, InSync: no },
    meaning:
      'Someone changed the webhook at Google; the message names the first field. With driftPolicy Correct, the controller reverts the change.',
    remedy: 'Nothing with driftPolicy Correct; with Report, change the spec or revert the change at Google.',
  },
  UpdatePending: {
    on: { ...working, InSync: no },
    meaning: 'The spec or the base URL changed and the webhook at Google has not been updated yet.',
    remedy: nothing,
  },
  RolloutPending: {
    on: { InSync: no },
    meaning:
      'The base URL of the installation changed, and another object with the same API key and namespace is updated first. The former address continues to work, so Ready stays as it is.',
    remedy:
      'Nothing, unless the message says that the check of the object that goes first failed: then correct the base URL, or the way to it.',
  },
  DisabledBySpec: {
    on: { Enabled: no, EndpointVerified: open },
    meaning: 'spec.state is Disabled.',
    remedy: 'Set spec.state to Enabled or remove it.',
  },
  DisabledByGoogle: {
    on: { ...working, Stalled: yes, Enabled: no, EndpointVerified: noOrOpen, DeliveriesComplete: no },
    meaning:
      'Google disabled the webhook after failed deliveries. With autoReenable WhenHealthy, the controller enables it again once a probe succeeds, at most three times a day. What failed meanwhile is not delivered again: the condition DeliveriesComplete says since when events may be missing.',
    remedy:
      'Check the path to the endpoint: DNS, TLS, ingress, receiver. With spec.backfill, the controller sends the missing events of batches.',
  },
  ReceiversAway: {
    on: { DeliveriesComplete: no },
    meaning:
      'No receiver has taken deliveries for longer than the 24 hours for which Google retries: none ran, or all that ran refused what was genuine. What Google gave up in that time is not delivered again.',
    remedy:
      'Bring the receivers back, as their runbooks say. With spec.backfill, the controller sends the missing events of batches.',
  },
  Backfilled: {
    on: { DeliveriesComplete: yes },
    meaning:
      'A run of backfill has looked at all batches that ended while deliveries may have been missed, and what was missing was sent to the receivers.',
    remedy: nothing,
  },
  NotChecked: {
    on: { EndpointVerified: open },
    meaning: 'spec.endpointCheck is Never.',
    remedy: 'Set spec.endpointCheck to OnChange or Periodic for a proof.',
  },
  CheckPending: {
    on: { ...working, EndpointVerified: open },
    meaning:
      'No signed ping of Google has come back yet; the message says when nothing is registered that could send one.',
    remedy: nothing,
  },
  NeverArrived: {
    on: { ...working, Stalled: yes, EndpointVerified: no },
    meaning:
      'Three pings were sent, but no receiver verified a delivery, although a request from the controller gets through or was not tried. The controller tries again at the next resync.',
    remedy: 'Check the path to the endpoint: DNS, TLS, ingress, receiver.',
  },
  NameNotResolved: {
    on: { ...working, Stalled: yes, EndpointVerified: no },
    meaning: 'Pings never arrived, and the host name of the endpoint does not resolve for the controller either.',
    remedy: 'Correct the DNS entry, or the base URL of the installation.',
  },
  TLSFailed: {
    on: { ...working, Stalled: yes, EndpointVerified: no },
    meaning: 'Pings never arrived, and the controller does not accept the TLS certificate of the endpoint either.',
    remedy: 'Renew or correct the certificate: Google needs one that is publicly trusted.',
  },
  ConnectionFailed: {
    on: { ...working, Stalled: yes, EndpointVerified: no },
    meaning: 'Pings never arrived, and the controller gets no connection or no answer in time either.',
    remedy: 'Look at load balancer, ingress, firewall and receivers.',
  },
  WrongAnswer: {
    on: { ...working, Stalled: yes, EndpointVerified: no },
    meaning: 'Pings never arrived, and a signed request from the controller gets an answer other than success.',
    remedy: 'Check the route of the ingress: the path must reach the receivers unchanged. Then look at their logs.',
  },
  ExternalEndpoint: {
    on: { EndpointVerified: open },
    meaning: 'spec.endpoint.url is your own server; the operator cannot see what arrives there.',
    remedy: nothing,
  },
  SinkInvalid: {
    on: { Ready: no, Reconciling: yes, Stalled: yes, SinksResolved: no },
    meaning:
      'A sink names something that does not exist or is not allowed: Service, credentials Secret, address, subject or filter. status.sinks says which.',
    remedy: 'Correct the sink, or create what it names.',
  },
  SinkNotReady: {
    on: { Ready: no, Reconciling: yes, Stalled: yes, SinksResolved: no },
    meaning:
      'A sink refers to an object that does not exist or has no address yet. Events for this sink are kept, and their deliveries wait. status.sinks says which.',
    remedy: 'Create the object, or look at why it is not ready: it is read again every minute.',
  },
  SinkUnsupported: {
    on: { ...stalled, SinksResolved: no },
    meaning: 'A sink uses something that this version or this installation does not offer.',
    remedy: 'Use another kind of sink, upgrade, or switch it on in the configuration of the installation.',
  },
  CredentialsTooLarge: {
    on: { ...stalled, SinksResolved: no },
    meaning: 'The resolved sinks of this object, credentials included, exceed what the keyring may carry.',
    remedy: 'Use fewer or smaller headers, or spread the sinks over several objects.',
  },
  KeyringFull: {
    on: { ...stalled, Accepted: no, Registered: no, SecretAvailable: no },
    meaning:
      'The namespace has used up its share of the keyring Secret that passes this object to the receivers. New objects of it are not registered or attached, and existing entries cannot grow; there is still space for a rotation.',
    remedy:
      'Delete GeminiWebhooks and GeminiRoutes that are not needed, use smaller headers, filters and certificates for sinks, or serve some objects from another installation.',
  },
  SinkFailing: {
    on: { SinksHealthy: no },
    meaning:
      'A sink has accepted nothing for ten seconds or longer. Its deliveries are kept and retried, then become dead letters; the other sinks are served. status.sinks says which sink it is, since when, why, and how many deliveries wait. For a webhook with routes, it can also mean that events cannot be forwarded to them, as status.routes says; they are kept until they can.',
    remedy:
      'Repair the sink, or correct the field of spec.sinks that leads there. Dead letters can be replayed. If events cannot be forwarded to routes, free space in the inbox of the receivers, or see why they cannot write to it.',
  },
  NotReported: {
    on: { SinksHealthy: open },
    meaning: 'No receiver has reported on sinks yet: none runs, or those that run are of an older version.',
    remedy: 'Nothing during an upgrade; otherwise check whether receivers run and can write their reports.',
  },
  BoundReached: {
    on: { DeadLettersDropped: yes },
    meaning:
      'Dead letters of the object exceeded the retention time or its share, and the oldest were dropped for good. The condition stays for 24 hours after the last drop.',
    remedy:
      'Repair or remove the sink that fails; raise maxDeadLetters or deadLetterKeep if they are meant to be kept for longer.',
  },
  ShareUsedUp: {
    on: { RouteFull: yes },
    meaning:
      'So many events wait for the sinks of the route that its share of the inbox is used up. Further events become dead letters with the reason RouteFull at once, and the oldest are dropped first. The webhook and other routes are not affected.',
    remedy:
      'Repair the sink that is too slow, or make the filter of the route stricter; then replay the dead letters. Whoever runs the operator can raise the limits of the inbox.',
  },
  DeletionBlocked: {
    on: stalled,
    meaning:
      'The object is being deleted, but the webhook cannot be removed at Google because the API key is missing, refused, or has never shown it, or because Google refuses the call.',
    remedy:
      'Restore the key or another key of the same project; or set spec.deletionPolicy to Retain; or set the annotation webhooks.gemini-operator.io/abandon to "true".',
  },
} as const satisfies Record<string, ReasonMeaning>

export type Reason = keyof typeof reasons

/**
 * Whether the list above knows this condition with this status and reason; conditions of other writers (unknown types)
 * are not checked.
 */
export function isDocumented(condition: { type: string; status: ConditionStatus; reason: string }): boolean {
  const meaning: ReasonMeaning | undefined = Object.entries(reasons).find(([name]) => name === condition.reason)?.[1]
  const statuses = Object.entries(meaning?.on ?? {}).find(([type]) => type === condition.type)?.[1]
  return statuses?.includes(condition.status) === true
}
