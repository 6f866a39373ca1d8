import * as z from 'zod'

import {
  duration,
  eventType,
  labelName,
  mapOf,
  objectName,
  printable,
  referenceOf,
  secretKey,
  setOf,
  text,
  urlPath,
} from './field-types.ts'
import { transformSchema } from './transform.ts'

const serviceSchema = z
  .strictObject({
    name: objectName().describe('Name of a Service in the namespace of this object.'),
    port: z
      .int()
      .min(1)
      .max(65_535)
      .describe('Port number of the Service. Default 80, or 443 with scheme https.')
      .optional(),
    path: urlPath().describe('Path, and query if any, of the request. Default /.').optional(),
    scheme: z.enum(['http', 'https']).describe('Default http.').optional(),
  })
  .describe('A Service in the same namespace. Private addresses are fine; ExternalName Services are refused.')

const refSchema = referenceOf({
  apiVersion: text(317).regex(/^([a-z0-9.-]+\/)?v[a-z0-9]+$/),
  kind: text(63).regex(/^[A-Z][A-Za-z0-9]*$/),
  name: objectName(),
}).describe(
  'An object in the same namespace that publishes status.address.url, such as a Knative Broker. Only kinds that the installation lists.',
)

const natsSchema = z
  .strictObject({
    subject: printable(256).describe(
      'Template of the subject; {namespace}, {name} and {type} are filled in, each as one token. The installation puts its prefix and the namespace in front.',
    ),
    acknowledgedBy: z
      .enum(['Stream', 'Server'])
      .describe(
        'Stream (default): an event counts as delivered when a JetStream stream has stored it. Server: when the server has it, even if nobody subscribes.',
      )
      .optional(),
  })
  .describe('A NATS subject. The server comes from the configuration of the installation.')

const kafkaSchema = z
  .strictObject({
    topic: printable(200).describe(
      'Template of the topic; {namespace}, {name} and {type} are filled in, each as one token. The installation puts its prefix and the namespace in front; all together may have 249 characters.',
    ),
    key: printable(256)
      .describe(
        'Template of the key of the record; {subject}, {id}, {type}, {namespace} and {name} are filled in. Events with the same key go to the same partition. Absent: no key, events are spread over the partitions.',
      )
      .optional(),
  })
  .describe('A Kafka topic. The brokers come from the configuration of the installation.')

const kubernetesEventSchema = z
  .strictObject({
    maxPerHour: z.int().min(1).max(3600).describe('Budget of this object. Default 60.').optional(),
  })
  .describe('A Kubernetes Event (events.k8s.io) about this object, aggregated into a series. Never the only record.')

const uriSecretSchema = referenceOf({ name: objectName(), key: secretKey() }).describe(
  'A key of a Secret of type webhooks.gemini-operator.io/sink-credentials in the same namespace that holds an http or https URL, under the same rules as uri: for a URL that is a secret, such as that of a Slack webhook. Only its scheme and host are shown anywhere.',
)

/** The one-of that a sink and a dead letter share. */
const destinationFields = {
  service: serviceSchema.optional(),
  uri: text(2048)
    .describe(
      'An http or https URL without userinfo and fragment. Only public addresses, or those that the installation allows.',
    )
    .optional(),
  uriSecretRef: uriSecretSchema.optional(),
  ref: refSchema.optional(),
  nats: natsSchema.optional(),
  kafka: kafkaSchema.optional(),
  kubernetesEvent: kubernetesEventSchema.optional(),
}

const secretRef = (what: string) =>
  referenceOf({ name: objectName() }).describe(
    `Name of a Secret of type webhooks.gemini-operator.io/sink-credentials in the same namespace: ${what}`,
  )

const authSchema = z.strictObject({
  headersSecretRef: secretRef('each key is sent as a header.').optional(),
  signingSecretRef: secretRef('its key signing-secret signs requests as Standard Webhooks.').optional(),
  tlsSecretRef: secretRef(
    'ca.crt replaces the certificate authorities of the system, tls.crt and tls.key are a client certificate. For https destinations.',
  ).optional(),
})

/** Of a sink, and of a whole route. */
export const filterSchema = z
  .strictObject({
    types: z
      .strictObject({
        exact: setOf(eventType(), 32).describe('One of these event types.').optional(),
        prefix: setOf(text(128), 32).describe('An event type that begins with one of these.').optional(),
        suffix: setOf(text(128), 32).describe('An event type that ends with one of these.').optional(),
      })
      .describe('By event type; if several are given, one match is enough.')
      .optional(),
    metadata: z
      .strictObject({
        exact: mapOf(z.string().max(256), 16).describe('Each key has exactly this value.').optional(),
        prefix: mapOf(z.string().max(256), 16).describe('The value of each key begins with this.').optional(),
        suffix: mapOf(z.string().max(256), 4)
          .describe('The value of each key is a text that ends with this.')
          .optional(),
      })
      .describe('By user_metadata of the job.')
      .optional(),
    cel: text(2048)
      .describe(
        'A CEL expression over `event` that yields a bool; checked when the object is applied. The expressions of all sinks together, transforms included, may cost 5,000 steps for one event.',
      )
      .optional(),
  })
  .describe('Which events this sink gets. All given parts must match; absent: every event.')

const deliverySchema = z
  .strictObject({
    timeout: duration().describe('Of one attempt. Default 10s.').optional(),
    retry: z.int().min(0).max(1000).describe('Attempts after the first. Default 60.').optional(),
    retryFor: duration()
      .describe(
        'After this time, no attempt is made; whichever of retry and retryFor is reached first ends the retries. Default 24h.',
      )
      .optional(),
    backoffPolicy: z.enum(['Exponential', 'Linear']).describe('Default Exponential.').optional(),
    backoffDelay: duration().describe('Before the first retry. Default 1s.').optional(),
    backoffMax: duration().describe('Longest pause between attempts. Default 30m.').optional(),
    retryAfterMax: duration().describe('How much of a Retry-After header is honoured. Default 5m.').optional(),
    maxInFlight: z.int().min(1).max(1024).describe('Attempts at the same time. Default 64.').optional(),
    ratePerSecond: z
      .number()
      .max(1000)
      .describe(
        'At least 0.001. Maximum number of attempts per second, including retries; 0.1 is one in ten seconds. Each receiver applies it separately. Default: no limit.',
      )
      .optional(),
  })
  .describe('How often and how long delivery is tried; field names as in Knative.')

/** Of attempts of one sink in one receiver. */
export const minRatePerSecond = 0.001

export const sinkSchema = z
  .strictObject({
    name: labelName().describe('Names the sink among the sinks of this object. A renamed sink is a new sink.'),
    ...destinationFields,
    filter: filterSchema.optional(),
    transform: transformSchema.optional(),
    format: z
      .enum(['CloudEventBinary', 'CloudEventStructured', 'Original'])
      .describe(
        'CloudEventBinary (default) keeps the original bytes as body; Original also sends the webhook headers of Google.',
      )
      .optional(),
    auth: authSchema.describe('Credentials for the sink.').optional(),
    delivery: deliverySchema.optional(),
    suspend: z
      .boolean()
      .describe('While true, events are kept for this sink: receivers make no attempt, and retryFor does not run.')
      .optional(),
    deadLetter: z
      .strictObject({
        ...destinationFields,
        auth: authSchema
          .describe('Credentials for the dead letter destination. Those of the sink are not sent there.')
          .optional(),
        transform: transformSchema
          .describe(
            'What is sent of a dead letter instead of the event itself; `event` has deadletterreason, deadlettersink, deadletterattempts, deadlettercause and deadletterstatus as well. The transform of the sink does not apply.',
          )
          .optional(),
      })
      .describe(
        'Where an event also goes when its delivery was given up. Absent: it only stays in the inbox, visible and replayable.',
      )
      .optional(),
  })
  .describe(
    'One destination of events: exactly one of service, uri, uriSecretRef, ref, nats, kafka and kubernetesEvent.',
  )

export type SinkSpec = z.infer<typeof sinkSchema>
export type FilterSpec = z.infer<typeof filterSchema>
export type SinkDelivery = z.infer<typeof deliverySchema>
export type SinkFormat = NonNullable<SinkSpec['format']>
export type SinkService = z.infer<typeof serviceSchema>
export type SinkNats = z.infer<typeof natsSchema>
export type SinkKafka = z.infer<typeof kafkaSchema>
export type SinkRef = z.infer<typeof refSchema>
export type SinkUriSecret = z.infer<typeof uriSecretSchema>
export type SinkAuth = z.infer<typeof authSchema>
/** The one-of without the sink around it: what a dead letter is. */
export type SinkDestination = NonNullable<SinkSpec['deadLetter']>

/** The fields of which a sink or dead letter has exactly one. */
export const destinationFieldNames = [
  'service',
  'uri',
  'uriSecretRef',
  'ref',
  'nats',
  'kafka',
  'kubernetesEvent',
] as const
