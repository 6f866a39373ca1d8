/** The conditions of our kinds, few and documented: docs/reference/conditions.md is generated from here. */

export const conditionStatuses = ['True', 'False', 'Unknown'] as const
export type ConditionStatus = (typeof conditionStatuses)[number]

export interface ConditionMeaning {
  /** What it answers. */
  question: string
  whenTrue: string
  whenFalse: string
  whenUnknown: string
}

const neverUnknown = 'Not used.'
const onlyWhileTrue = 'Not used: the condition is absent instead.'

export const conditions = {
  Ready: {
    question: 'Does it all work? The summary to wait on.',
    whenTrue:
      'Everything that the spec asks for is in place and proven. The message says what was not asked to be proven.',
    whenFalse:
      'Something is missing or wrong; the reason is that of the first condition in this list that does not hold against the wish of the spec.',
    whenUnknown: 'Nothing is known yet, or no longer.',
  },
  Accepted: {
    question: 'Of a GeminiRoute: does it get events of the webhook that it names?',
    whenTrue: 'The webhook is served and its owner allows this route.',
    whenFalse: 'The webhook does not exist, is not served, does not allow this route or has too many of them.',
    whenUnknown: 'The webhook or the labels of the namespace could not be looked at yet.',
  },
  CredentialsValid: {
    question: 'Does Google accept the API key?',
    whenTrue: 'The last call to Google with the key was accepted.',
    whenFalse:
      'The Secret or its key is missing, Google refuses the API key, or it belongs to another project than before.',
    whenUnknown: 'No call was made yet, or none is needed (no apiKeySecretRef).',
  },
  Registered: {
    question: 'Is there exactly one webhook at Google for this object?',
    whenTrue: 'It exists and carries the marker of this object, or was adopted.',
    whenFalse: 'It does not exist, or no webhook is wanted (no events).',
    whenUnknown: 'The outcome of a call is not known yet, or Google cannot be asked.',
  },
  SecretAvailable: {
    question: 'Does the Secret hold what Google signs with?',
    whenTrue: 'Secret, keyring and what Google shows of the secret agree.',
    whenFalse: 'The Secret cannot be written, or does not fit and could not be repaired.',
    whenUnknown: 'There is no webhook to compare with yet.',
  },
  InSync: {
    question: 'Is the webhook at Google as the spec says?',
    whenTrue: 'URI, events and name are as the spec says.',
    whenFalse: 'They differ; the message names the first field that does.',
    whenUnknown: 'The webhook could not be read yet.',
  },
  Enabled: {
    question: 'Does Google deliver?',
    whenTrue: 'The webhook is enabled at Google.',
    whenFalse: 'It is disabled, because the spec says so or because Google gave up on the endpoint.',
    whenUnknown: 'The webhook could not be read yet.',
  },
  EndpointVerified: {
    question: 'Did a signed request of Google come back through the endpoint?',
    whenTrue: 'A receiver verified a delivery that answered our ping, with the secret of now.',
    whenFalse: 'Pings were sent and nothing came back.',
    whenUnknown: 'Not checked: still under way, not asked for, or not possible with an endpoint of your own.',
  },
  SinksResolved: {
    question: 'Does every sink have a usable address, filter and credentials?',
    whenTrue: 'All sinks are resolved, or there are none.',
    whenFalse: 'At least one is not; status.sinks says which and why. The others are served.',
    whenUnknown: 'Sinks could not be looked at yet.',
  },
  SinksHealthy: {
    question: 'Does every sink take what it is sent? Ready does not depend on it.',
    whenTrue: 'No sink is known to fail, or there are none.',
    whenFalse:
      'At least one takes nothing, or events cannot be handed on to routes; status.sinks and status.routes say which, since when and why. The others are served.',
    whenUnknown: 'No receiver has reported on sinks yet.',
  },
  DeadLettersDropped: {
    question:
      'Were dead letters dropped for good within the last day? Present only while true; Ready does not depend on it.',
    whenTrue:
      'Some were older than they are kept, or had to make room for newer ones. Those events cannot be replayed.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  RouteFull: {
    question: 'Has the route used up its share of the inbox? Present only while true; Ready does not depend on it.',
    whenTrue:
      'It gets events as dead letters; status.fullSince says since when. Gone once none came to that for a quarter of an hour.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  PartIgnored: {
    question:
      'Is an optional part of the spec not acted upon, because it is wrong? Present only while true; Ready does not depend on it.',
    whenTrue:
      'The message names the field, and what is wrong with it. Everything else is done as if the part were absent.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  ProjectShared: {
    question:
      'Do other namespaces have webhooks in the same Google project? Present only while true; Ready does not depend on it.',
    whenTrue:
      'The message says how many. Google tells the webhooks of a project of all its jobs, so each of these namespaces sees those of the others.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  Reconciling: {
    question: 'Is the controller at work on it? Present only while true.',
    whenTrue: 'Work is under way or will be tried again by itself.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  Stalled: {
    question: 'Does it need a human? Present only while true.',
    whenTrue:
      'It waits for the spec, a Secret, an annotation, or what the message names, to change. What can be tried again is, and what works goes on.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
} as const satisfies Record<string, ConditionMeaning>

export type ConditionType = keyof typeof conditions

/** In the order in which they are summarised: the first that does not hold explains Ready. */
export const conditionTypes = Object.keys(conditions) as ConditionType[]
