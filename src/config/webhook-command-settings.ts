import type { ConfigOf, RoleSettings } from './setting.ts'
import { boolean, duration, oneOf, optionalText, text } from './setting-types.ts'
import { clusterSettings, googleSettings, output } from './shared-settings.ts'
import { apiKeyField, visit } from './user-settings.ts'

/** Settings of the commands that are about single GeminiWebhooks. They act as the user of the kubeconfig and need the controller only to see their effect. */

const common = {
  kubeconfig: clusterSettings.kubeconfig,
  output,
} as const

const noRules = () => []

const statusTable = {
  probe: boolean({
    group: 'Endpoint',
    help: 'Also ask the public address from here, without a signature: does the name resolve, does TLS work, is a receiver there.',
    default: 'true',
  }),
  probeTimeoutMs: duration({
    group: 'Endpoint',
    help: 'Longest time for that.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
  ...common,
} as const
export type StatusConfig = ConfigOf<typeof statusTable>
export const statusSettings: RoleSettings<typeof statusTable> = {
  role: 'status',
  about:
    'Follows a GeminiWebhook from its API key over Google, DNS, TLS, endpoint and signing secret to its sinks, and names the first link that is broken. ' +
    'Without a name: one line for every GeminiWebhook that you may see.',
  example: 'gwh status ml/batch-events',
  settings: statusTable,
  check: noRules,
}

const rotateTable = {
  requestId: optionalText({
    group: 'Rotation',
    help: 'Goes into spec.rotation.request.id; not set: one with the time in it.',
    placeholder: 'ID',
    pattern: /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,62}[A-Za-z0-9])?$/,
    what: 'an id of at most 64 letters, digits, "-", "_" and "."',
  }),
  revokePrevious: oneOf({
    group: 'Rotation',
    help: 'Whether the secret before is valid for another day, or ends at once: for one that has leaked. Deliveries on their way are then refused.',
    words: ['AfterGracePeriod', 'Immediately'],
    default: 'AfterGracePeriod',
  }),
  waitMs: duration({
    group: 'Rotation',
    help: 'How long to wait until it is done; 0s: do not wait.',
    min: '0s',
    max: '1h',
    default: '2m',
  }),
  ...common,
} as const
export type RotateConfig = ConfigOf<typeof rotateTable>
export const rotateSettings: RoleSettings<typeof rotateTable> = {
  role: 'rotate',
  about:
    'Rotates the signing secret of a GeminiWebhook by a new spec.rotation.request, as a commit would. A GitOps tool may take the request back: an id that was ' +
    'answered never rotates again.',
  example: 'gwh rotate ml/batch-events',
  settings: rotateTable,
  check: noRules,
}

const sendTable = {
  type: text({
    group: 'Event',
    help: 'Type of the event.',
    placeholder: 'TYPE',
    pattern: /^[a-z0-9_]{1,64}(\.[a-z0-9_]{1,64}){0,4}$/,
    what: 'an event type such as batch.succeeded',
    default: 'batch.succeeded',
  }),
  dataFile: optionalText({
    group: 'Event',
    help: 'A file with the JSON object that becomes its data; not set: an id that no job has.',
    placeholder: 'FILE',
    pattern: /^.{1,4096}$/,
    what: 'a path',
  }),
  eventId: optionalText({
    group: 'Event',
    help: 'Its webhook-id; the same one again is folded. Not set: a new one.',
    placeholder: 'ID',
    pattern: /^[\x21-\x2b\x2d\x2f-\x7e]{1,256}$/,
    what: 'visible ASCII without "." and ","',
  }),
  url: optionalText({
    group: 'Endpoint',
    help: 'Where to send it; not set: status.endpoint.url.',
    placeholder: 'URL',
    pattern: /^https?:\/\/[^\s]{1,2000}$/,
    what: 'a URL that starts with https:// (or http://)',
  }),
  timeoutMs: duration({
    group: 'Endpoint',
    help: 'Longest time for the answer.',
    min: '100ms',
    max: '1m',
    default: '10s',
  }),
  ...common,
} as const
export type SendConfig = ConfigOf<typeof sendTable>
export const sendSettings: RoleSettings<typeof sendTable> = {
  role: 'send',
  about:
    'Sends an event to the endpoint of a GeminiWebhook as Google would, signed with the secret from its Secret, which you must be allowed to read. A receiver ' +
    'cannot tell the difference: the event is stored and goes to the sinks.',
  example: 'gwh send ml/batch-events --type=batch.failed',
  settings: sendTable,
  check: noRules,
}

const importTable = {
  apiKeyField,
  ...googleSettings,
  ...common,
} as const
export type ImportConfig = ConfigOf<typeof importTable>
export const importSettings: RoleSettings<typeof importTable> = {
  role: 'import',
  about:
    'Lists the webhooks that exist in the project of an API key and prints, for each that no GeminiWebhook has yet, a manifest that adopts it as it is. Changes ' +
    'nothing. The Secret with the API key is named as NAMESPACE/NAME in front of the flags; the manifests are for its namespace.',
  example: 'gwh import ml/gemini-api-key > adopted.yaml',
  settings: importTable,
  check: noRules,
}

const pingTable = {
  waitMs: duration({
    group: 'Receivers',
    help: 'How long to wait for the delivery.',
    min: '0s',
    max: '10m',
    default: '30s',
  }),
  ...googleSettings,
  ...visit,
} as const
export type PingConfig = ConfigOf<typeof pingTable>
export const pingSettings: RoleSettings<typeof pingTable> = {
  role: 'ping',
  about:
    'Has Google send a test delivery to a GeminiWebhook and waits until a receiver has verified it. Takes the API key from the Secret that the object names, which ' +
    'you must be allowed to read, and asks the receivers for what came.',
  example: 'gwh ping ml/batch-events',
  settings: pingTable,
  check: noRules,
}

const doctorTable = { namespace: clusterSettings.namespace, ...common } as const
export type DoctorConfig = ConfigOf<typeof doctorTable>
export const doctorSettings: RoleSettings<typeof doctorTable> = {
  role: 'doctor',
  about:
    'Looks at the installation: CRD, controllers and their leader, receivers, versions, what was left behind, and which GeminiWebhooks are not Ready. Changes nothing. ' +
    'What you may not read is told as open.',
  example: 'gwh doctor',
  settings: doctorTable,
  check: noRules,
}
