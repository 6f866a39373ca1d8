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
    question: 'Does everything work? This is the summary to wait for.',
    whenTrue:
      'Everything that the spec asks for is in place and proven. The message says what was not checked because the spec does not ask for it.',
    whenFalse:
      'Something is missing or wrong. The reason is that of the first condition in this list that is not as the spec wants it.',
    whenUnknown: 'Nothing is known yet, or no longer.',
  },
  Accepted: {
    question: 'Does a GeminiRoute get events of the webhook that it names?',
    whenTrue: 'The webhook is served and its owner allows this route.',
    whenFalse: 'The webhook does not exist, is not served, does not allow this route or has too many routes.',
    whenUnknown: 'The controller could not read the webhook or the labels of the namespace yet.',
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
    whenFalse: 'It is disabled, because the spec says so or because Google disabled it after failed deliveries.',
    whenUnknown: 'The webhook could not be read yet.',
  },
  EndpointVerified: {
    question: 'Did a signed request from Google come back through the endpoint?',
    whenTrue: 'A receiver verified the delivery that followed our ping, with the current secret.',
    whenFalse: 'The controller sent pings, but nothing came back.',
    whenUnknown:
      'It was not checked: the check is still running, not requested, or not possible with your own endpoint.',
  },
  SinksResolved: {
    question: 'Does every sink have a usable address, filter and credentials?',
    whenTrue: 'All sinks are resolved, or there are none.',
    whenFalse: 'At least one sink is not resolved; status.sinks says which and why. The others are served.',
    whenUnknown: 'The controller could not read the sinks yet.',
  },
  SinksHealthy: {
    question: 'Does every sink accept what it is sent? Ready does not depend on it.',
    whenTrue: 'No sink is known to fail, or there are none.',
    whenFalse:
      'At least one sink accepts nothing, or events cannot be forwarded to routes; status.sinks and status.routes say which, since when and why. The others are served.',
    whenUnknown: 'No receiver has reported on sinks yet.',
  },
  DeliveriesComplete: {
    question:
      'Was there a time in which deliveries may have been missed, and was it covered? Present from then until 14 days after; Ready does not depend on it.',
    whenTrue:
      'The events of batches that ended in that time are here: backfill has looked for them since. Those of interactions and videos cannot be looked up.',
    whenFalse: 'The message says since when, why, and what covers it. status.gap has the times.',
    whenUnknown: neverUnknown,
  },
  DeadLettersDropped: {
    question:
      'Were dead letters dropped for good within the last day? Present only while true; Ready does not depend on it.',
    whenTrue: 'Some exceeded the retention time, or had to make room for newer ones. Those events cannot be replayed.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  RouteFull: {
    question: 'Has the route used up its share of the inbox? Present only while true; Ready does not depend on it.',
    whenTrue:
      'It gets events as dead letters; status.fullSince says since when. The condition goes away a quarter of an hour after the last such event.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  PartIgnored: {
    question:
      'Does the controller ignore an optional part of the spec, because it is wrong? Present only while true; Ready does not depend on it.',
    whenTrue: 'The message names the field, and what is wrong with it. The controller acts as if the part were absent.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  ProjectShared: {
    question:
      'Do other namespaces have webhooks in the same Google project? Present only while true; Ready does not depend on it.',
    whenTrue:
      'The message says how many. The webhooks of a Google project get the events of all its jobs, so each of these namespaces sees the jobs of the others.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  Reconciling: {
    question: 'Is the controller working on the object? Present only while true.',
    whenTrue: 'Work is in progress, or will be retried automatically.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
  Stalled: {
    question: 'Does somebody have to act? Present only while true.',
    whenTrue:
      'The object waits until the spec, a Secret, an annotation, or what the message names, changes. The controller retries what it can, and what works continues.',
    whenFalse: onlyWhileTrue,
    whenUnknown: neverUnknown,
  },
} as const satisfies Record<string, ConditionMeaning>

export type ConditionType = keyof typeof conditions

/** In the order in which they are summarised: the first that does not hold explains Ready. */
export const conditionTypes = Object.keys(conditions) as ConditionType[]
