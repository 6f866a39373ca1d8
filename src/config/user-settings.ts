import type { ConfigOf, RoleSettings } from './setting.ts'
import { boolean, duration, integer, optionalText, port, text, textList } from './setting-types.ts'
import { clusterSettings, googleSettings, output } from './shared-settings.ts'

/** Settings of the commands that people run. Most visit every receiver pod. */

export const visit = {
  namespace: clusterSettings.namespace,
  kubeconfig: clusterSettings.kubeconfig,
  pods: textList({
    group: 'Receivers',
    help: 'Only these receiver pods; none: all that run.',
    placeholder: 'POD,...',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
  }),
  adminPort: port({ group: 'Receivers', help: "The receivers' adminPort.", default: '8081' }),
  output,
} as const

const anyText = /^[^\s]{1,512}$/

const selection = {
  webhook: optionalText({
    group: 'Selection',
    help: 'Of this GeminiWebhook.',
    placeholder: 'NAMESPACE/NAME',
    pattern: /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/,
    what: 'a namespace and a name, such as ml/batch-events',
  }),
  sink: optionalText({
    group: 'Selection',
    help: 'For this sink.',
    placeholder: 'NAME',
    pattern: anyText,
    what: 'a name',
  }),
  eventId: optionalText({
    group: 'Selection',
    help: 'Of the event with this webhook-id.',
    placeholder: 'ID',
    pattern: anyText,
    what: 'an id',
  }),
} as const

const time = { pattern: /^\d{4}-\d\d-\d\dT\S{1,40}$/, what: 'a time such as 2026-11-21T12:00:00Z', placeholder: 'TIME' }

const deadLetterSelection = {
  ...selection,
  type: optionalText({
    group: 'Selection',
    help: 'Of events of this type, such as batch.failed.',
    placeholder: 'TYPE',
    pattern: anyText,
    what: 'an event type',
  }),
  reason: optionalText({
    group: 'Selection',
    help: 'Given up for this reason, such as RetriesExhausted.',
    placeholder: 'REASON',
    pattern: /^[A-Za-z]{1,64}$/,
    what: 'a reason',
  }),
  since: optionalText({ group: 'Selection', help: 'Given up at this time or later.', ...time }),
  until: optionalText({ group: 'Selection', help: 'Given up before this time.', ...time }),
} as const

const noRules = () => []

const inboxTable = visit
export type InboxCommandConfig = ConfigOf<typeof inboxTable>
export const inboxSettings: RoleSettings<typeof inboxTable> = {
  role: 'inbox',
  about:
    'Shows what the inboxes of the receivers hold: events, pending deliveries, dead letters, and how old the oldest is.',
  example: 'gwh inbox',
  settings: inboxTable,
  check: noRules,
}

const deadLettersTable = {
  ...deadLetterSelection,
  limit: integer({ group: 'Output', help: 'At most so many, of all receivers.', min: 1, max: 100_000, default: '100' }),
  body: optionalText({
    group: 'Output',
    help: 'Print the body of this one dead letter instead, as Google sent it.',
    placeholder: 'POD/ID',
    pattern: /^[^\s/]{1,253}\/[^\s]{1,512}$/,
    what: 'an ID as the list shows it',
  }),
  ...visit,
} as const
export type DeadLettersConfig = ConfigOf<typeof deadLettersTable>
export const deadLettersSettings: RoleSettings<typeof deadLettersTable> = {
  role: 'deadletters',
  about:
    'Lists deliveries that were given up, newest first. They can be replayed for 30 days, unless the receiver is told otherwise.',
  example: 'gwh deadletters --webhook=ml/batch-events --since=2026-11-21T09:00:00Z',
  settings: deadLettersTable,
  check: noRules,
}

const replayTable = {
  ...deadLetterSelection,
  all: boolean({ group: 'Selection', help: 'Every dead letter there is.', default: 'false' }),
  ...visit,
} as const
export type ReplayConfig = ConfigOf<typeof replayTable>
export const replaySettings: RoleSettings<typeof replayTable> = {
  role: 'replay',
  about:
    'Sends dead letters again: those named as POD/ID in front of the flags, or all that are selected. Each starts with fresh attempts and uses ' +
    "today's configuration of its sink.",
  example: 'gwh replay --sink=worker --since=2026-11-21T09:00:00Z',
  settings: replayTable,
  check: noRules,
}

const listenTable = {
  ...selection,
  recent: integer({ group: 'Output', help: 'So many of the last ones first.', min: 0, max: 1_000, default: '20' }),
  follow: boolean({ group: 'Output', help: 'Go on with what happens from now on.', default: 'true' }),
  ...visit,
} as const
export type ListenConfig = ConfigOf<typeof listenTable>
export const listenSettings: RoleSettings<typeof listenTable> = {
  role: 'listen',
  about:
    'Shows deliveries as they happen: each request and how it was answered, each step towards a sink. Bodies and signatures are not shown.',
  example: 'gwh listen --webhook=ml/batch-events',
  settings: listenTable,
  check: noRules,
}

const drainTable = {
  to: optionalText({
    group: 'Receivers',
    help: 'The receiver that takes the events over; not set: another one that runs.',
    placeholder: 'POD',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
  }),
  settleMs: duration({
    group: 'Receivers',
    help: 'How long nothing more must have arrived before it is done: load balancers need that long to notice.',
    min: '0s',
    max: '10m',
    default: '20s',
  }),
  namespace: visit.namespace,
  kubeconfig: visit.kubeconfig,
  adminPort: visit.adminPort,
  output: visit.output,
} as const
export type DrainConfig = ConfigOf<typeof drainTable>
export const drainSettings: RoleSettings<typeof drainTable> = {
  role: 'drain',
  about:
    'Before receivers with inboxes of their own are scaled down: makes one take no more traffic and moves what its inbox holds, pending deliveries and ' +
    'dead letters, to another one. It serves again only when it is restarted. Can be run again when it was interrupted.',
  example: 'gwh drain gwh-receiver-1',
  settings: drainTable,
  check: noRules,
}

export const apiKeyField = text({
  group: 'Google',
  help: 'The key of that Secret under which the API key is.',
  placeholder: 'KEY',
  pattern: /^[-._a-zA-Z0-9]{1,253}$/,
  what: 'a key of a Secret',
  default: 'api-key',
})

const orphansTable = {
  apiKeySecret: optionalText({
    group: 'Google',
    help: 'For delete: the Secret with an API key of the project that holds the webhooks. Read as you, not as the operator.',
    placeholder: 'NAMESPACE/NAME',
    pattern: /^[a-z0-9-]{1,63}\/[a-z0-9.-]{1,253}$/,
    what: 'a namespace and a name, such as ml/gemini-api-key',
  }),
  apiKeyField,
  acceptMissing: boolean({
    group: 'Google',
    help: 'Also take for gone what Google does not have for an API key that never saw it: you know that it was deleted.',
    default: 'false',
  }),
  ...googleSettings,
  namespace: visit.namespace,
  kubeconfig: visit.kubeconfig,
  output: visit.output,
} as const
export type OrphansConfig = ConfigOf<typeof orphansTable>
export const orphansSettings: RoleSettings<typeof orphansTable> = {
  role: 'orphans',
  about:
    'Lists the webhooks that the controller had to leave at Google. "gwh orphans delete ID ..." in front of the flags deletes them there, with an API key ' +
    'of their project, and takes them off the list. What an object uses again, or another installation, is not deleted.',
  example: 'gwh orphans --namespace=gemini-webhook-system',
  settings: orphansTable,
  check: noRules,
}
