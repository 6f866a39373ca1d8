import { boolean, integer, oneOf, optionalText, text, textList } from '../config/setting-types.ts'
import { aNamespace, connection, visitAll } from '../config/user-settings.ts'
import { moment } from './moment.ts'

/** Settings that several commands have, with the same name, default and meaning. */

export { connection, operatorNamespace, visitAll } from '../config/user-settings.ts'

const outputWords = { group: 'Output', short: 'o', default: 'text' } as const

/** How a command for people prints what it found. */
export const output = oneOf({
  ...outputWords,
  help: 'Prints text for people, JSON or YAML for programs. Wide is text with more columns.',
  words: ['text', 'json', 'yaml', 'wide'],
})

/** Of commands that list what inboxes hold. */
export const listLimit = integer({
  group: 'Output',
  help: 'Shows at most this many, from all receivers together.',
  min: 1,
  max: 100_000,
  default: '100',
})

/** Of commands whose findings have names. */
export const listOutput = oneOf({
  ...outputWords,
  help: 'Prints text for people, JSON or YAML for programs, or only names, one per line. Wide is text with more columns.',
  words: ['text', 'json', 'yaml', 'wide', 'name'],
})

/** Of commands that act as the user of a kubeconfig. */
export const asUser = { ...connection, output } as const

/** Of commands about one object. `GWH_NAMESPACE` is the operator's to the roles, and is not read here. */
export const namespaceOfObject = optionalText({
  ...aNamespace,
  help: 'The namespace of an object that is given by name only. If it is not set, the namespace of the context is used.',
  short: 'n',
  ignoresEnvironment: true,
})

/** Of commands that show objects, or what belongs to them. */
export const namespaceOfObjects = optionalText({
  ...aNamespace,
  help: 'Shows what belongs to objects of this namespace. If it is not set, the namespace of the context is used.',
  short: 'n',
  ignoresEnvironment: true,
})

export const allNamespaces = boolean({
  group: 'Kubernetes',
  help: 'Shows what belongs to objects of all namespaces.',
  short: 'A',
  ignoresEnvironment: true,
  default: 'false',
})

/** Of commands that visit receiver pods. */
export const visit = {
  ...visitAll,
  pods: textList({
    group: 'Receivers',
    help: 'Asks only these receiver pods. If none is named, all running ones are asked.',
    placeholder: 'POD,...',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
    completes: 'receiver',
  }),
} as const

const anyText = /^[^\s]{1,512}$/

/** Which deliveries. */
export const selection = {
  webhook: optionalText({
    group: 'Selection',
    help: 'Selects deliveries of this GeminiWebhook (NAME or NAMESPACE/NAME) or this GeminiRoute (groute/NAME or NAMESPACE/groute/NAME).',
    placeholder: 'NAME',
    pattern: /^([a-z0-9-]{1,63}\/)?(groute\/)?[a-z0-9.-]{1,253}$/,
    what: 'a name, such as batch-events, ml/batch-events or groute/nightly-eval',
    completes: 'webhookOrRoute',
  }),
  sink: optionalText({
    group: 'Selection',
    help: 'Selects deliveries to this sink.',
    placeholder: 'NAME',
    pattern: anyText,
    what: 'a name',
  }),
  eventId: optionalText({
    group: 'Selection',
    help: 'Selects deliveries of the event with this webhook-id.',
    placeholder: 'ID',
    pattern: anyText,
    what: 'an id',
  }),
} as const

const eventType = optionalText({
  group: 'Selection',
  help: 'Selects deliveries of events of this type, such as batch.failed.',
  placeholder: 'TYPE',
  pattern: anyText,
  what: 'an event type',
})

/** Which of those that were given up. */
export const deadLetterSelection = {
  ...selection,
  type: eventType,
  reason: optionalText({
    group: 'Selection',
    help: 'Selects dead letters with this reason, such as RetriesExhausted.',
    placeholder: 'REASON',
    pattern: /^[A-Za-z]{1,64}$/,
    what: 'a reason',
  }),
  since: optionalText({
    group: 'Selection',
    help: 'Selects dead letters that were given up at this time or later, or within this duration.',
    ...moment,
  }),
  until: optionalText({
    group: 'Selection',
    help: 'Selects dead letters that were given up before this time, or longer ago than this duration.',
    ...moment,
  }),
} as const

/** Which of those that were delivered and are kept. */
export const keptSelection = {
  ...selection,
  type: eventType,
  since: optionalText({
    group: 'Selection',
    help: 'Selects events that were delivered at this time or later, or within this duration.',
    ...moment,
  }),
  until: optionalText({
    group: 'Selection',
    help: 'Selects events that were delivered before this time, or longer ago than this duration.',
    ...moment,
  }),
} as const

/** Which of those that have not ended. */
export const pendingSelection = {
  ...selection,
  type: eventType,
  cause: optionalText({
    group: 'Selection',
    help: 'Selects deliveries whose last step had this cause, as the list shows it, such as "status 503".',
    placeholder: 'CAUSE',
    pattern: /^[A-Za-z0-9 ]{1,64}$/,
    what: 'a cause',
  }),
  since: optionalText({
    group: 'Selection',
    help: 'Selects deliveries that were first due at this time or later, or within this duration.',
    ...moment,
  }),
  until: optionalText({
    group: 'Selection',
    help: 'Selects deliveries that were first due before this time, or longer ago than this duration.',
    ...moment,
  }),
} as const

export const apiKeyField = text({
  group: 'Google',
  help: 'The key in that Secret that holds the API key.',
  placeholder: 'KEY',
  pattern: /^[-._a-zA-Z0-9]{1,253}$/,
  what: 'a key of a Secret',
  default: 'api-key',
})
