import { oneOf, optionalText, text, textList } from '../config/setting-types.ts'
import { adminPortOfReceivers, clusterSettings } from '../config/shared-settings.ts'

/** Settings that several commands have, with the same name, default and meaning. */

/** How a command for people prints what it found. */
export const output = oneOf({
  group: 'Output',
  help: 'Text for people, or JSON for programs (also -o json).',
  words: ['text', 'json'],
  default: 'text',
})

/** Of commands that act as the user of a kubeconfig. */
export const asUser = { kubeconfig: clusterSettings.kubeconfig, output } as const

/** Of commands that visit receiver pods. */
export const visit = {
  namespace: clusterSettings.namespace,
  kubeconfig: clusterSettings.kubeconfig,
  pods: textList({
    group: 'Receivers',
    help: 'Only these receiver pods; not set: all that run.',
    placeholder: 'POD,...',
    pattern: /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
    what: 'a pod name',
  }),
  adminPort: adminPortOfReceivers,
  output,
} as const

const anyText = /^[^\s]{1,512}$/

/** Which deliveries. */
export const selection = {
  webhook: optionalText({
    group: 'Selection',
    help: 'Deliveries of this GeminiWebhook.',
    placeholder: 'NAMESPACE/NAME',
    pattern: /^[a-z0-9-]{1,63}\/[a-z0-9-]{1,63}$/,
    what: 'a namespace and a name, such as ml/batch-events',
  }),
  sink: optionalText({
    group: 'Selection',
    help: 'Deliveries to this sink.',
    placeholder: 'NAME',
    pattern: anyText,
    what: 'a name',
  }),
  eventId: optionalText({
    group: 'Selection',
    help: 'Deliveries of the event with this webhook-id.',
    placeholder: 'ID',
    pattern: anyText,
    what: 'an id',
  }),
} as const

const time = { pattern: /^\d{4}-\d\d-\d\dT\S{1,40}$/, what: 'a time such as 2026-11-21T12:00:00Z', placeholder: 'TIME' }

const eventType = optionalText({
  group: 'Selection',
  help: 'Deliveries of events of this type, such as batch.failed.',
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
    help: 'Given up for this reason, such as RetriesExhausted.',
    placeholder: 'REASON',
    pattern: /^[A-Za-z]{1,64}$/,
    what: 'a reason',
  }),
  since: optionalText({ group: 'Selection', help: 'Given up at this time or later.', ...time }),
  until: optionalText({ group: 'Selection', help: 'Given up before this time.', ...time }),
} as const

/** Which of those that have not ended. */
export const pendingSelection = {
  ...selection,
  type: eventType,
  cause: optionalText({
    group: 'Selection',
    help: 'Deliveries whose last step had this cause, as the list shows it, such as "status 503".',
    placeholder: 'CAUSE',
    pattern: /^[A-Za-z0-9 ]{1,64}$/,
    what: 'a cause',
  }),
  since: optionalText({ group: 'Selection', help: 'First due at this time or later.', ...time }),
  until: optionalText({ group: 'Selection', help: 'First due before this time.', ...time }),
} as const

export const apiKeyField = text({
  group: 'Google',
  help: 'The key of that Secret that holds the API key.',
  placeholder: 'KEY',
  pattern: /^[-._a-zA-Z0-9]{1,253}$/,
  what: 'a key of a Secret',
  default: 'api-key',
})
