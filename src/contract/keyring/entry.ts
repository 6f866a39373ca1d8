import * as z from 'zod'

import { isRecord } from '../../is-record.ts'
import { fromStoredEntry, isKnownNeed } from './newer-sinks.ts'

/**
 * What the controller passes to the receivers for one GeminiWebhook or GeminiRoute: everything needed to verify its
 * deliveries and send them to its sinks, without an API server. One JSON value in a keyring Secret, under the object's
 * uid. A receiver keeps the last entry that it could read.
 */

/** Sixteen is part of the format: the receiver's Role names each Secret. */
export const keyringShardCount = 16
export const keyringSecretPrefix = 'gwh-keyring-'
/** Google signs with at most the current and the secrets of one overlap; more is not ours. */
export const maxLiveSecrets = 4

/** The current token of a dynamic endpoint and its predecessors. Each one more is one more that opens it. */
export const maxLiveTokens = 4
const maxAudiences = 8

/** Taken as it is: a record of zod has no key `__proto__`, and a filter that asks for it would take everything. */
const textsSchema = z.custom<Record<string, string>>(
  (value) => isRecord(value) && Object.values(value).every((text) => typeof text === 'string'),
)

const liveSecretSchema = z.object({
  /** Identifies the secret in reports and logs without revealing it: first 12 hex digits of its SHA-256. */
  keyId: z.string(),
  secret: z.string(),
  /** RFC 3339; receivers stop accepting the secret then, by their own clock. Absent on the current one. */
  notAfter: z.string().optional(),
})

const liveTokenSchema = z.object({
  /**
   * SHA-256 of the token, 64 hex digits. The token itself is in the user's Secret only: a reader of the keyring cannot
   * send with it.
   */
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  /** RFC 3339; from then on the token opens nothing, by the receiver's own clock. Absent on the current one. */
  notAfter: z.string().optional(),
})

const dynamicEndpointSchema = z.object({
  /** Current first. */
  tokens: z.array(liveTokenSchema).max(maxLiveTokens),
  /** Empty: the JWT of the documentation is not accepted, only `v1a`. */
  audiences: z.array(z.string()).max(maxAudiences),
})

const destinationSchema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('http'),
    url: z.string(),
    /** The URL is a secret: people see no more of it than `shownAddress` tells. */
    isSecret: z.literal(true).optional(),
    /**
     * The address to connect to; the host of `url` is used only in `Host` and TLS. Of a Service it is the cluster IP
     * that was judged: its name may resolve to another address by now. Absent: the host of `url` is looked up, as in
     * entries of older controllers.
     */
    address: z.string().max(45).optional(),
    /**
     * cluster: private addresses are fine (Services). public: only public or allow-listed ones (uri, and ref outside
     * the cluster).
     */
    reach: z.enum(['cluster', 'public']),
    /** Certificate authorities (PEM) that its certificate is checked with, instead of the system's. */
    ca: z.string().optional(),
    /**
     * The object that published the address, `GROUP/VERSION/KIND/NAME`. Absent for addresses that stand in the spec.
     */
    via: z.string().optional(),
  }),
  z.object({
    type: z.literal('nats'),
    /**
     * Begins with the prefix of the installation and the namespace; {namespace}, {name} and {type} are filled in for
     * each event.
     */
    subject: z.string(),
    acknowledgedBy: z.enum(['Stream', 'Server']),
  }),
  z.object({
    type: z.literal('kafka'),
    /**
     * Begins with the prefix of the installation and the namespace; {namespace}, {name} and {type} are filled in for
     * each event.
     */
    topic: z.string(),
    /** {subject}, {id}, {type}, {namespace} and {name} are filled in. Absent: records have no key. */
    key: z.string().optional(),
  }),
  z.object({ type: z.literal('kubernetesEvent'), maxPerHour: z.number() }),
])

/** All that is given must hold. */
const sinkFilterSchema = z.object({
  /** One of these, or one of the prefixes; both empty: every type. */
  typesExact: z.array(z.string()),
  typesPrefix: z.array(z.string()),
  metadataExact: textsSchema.optional(),
  metadataPrefix: textsSchema.optional(),
  /** May be one that does not pass the check: deliveries then wait until it is corrected. */
  cel: z.string().optional(),
})

/** What is sent of an event, and how. */
const sinkTransformSchema = z.object({
  /**
   * The expression that makes the body. May be one that does not pass the check: deliveries then wait until it is
   * corrected.
   */
  body: z.string(),
  /** `text/...`: the expression yields the text itself; else a value that becomes JSON. */
  contentType: z.string(),
  /** Of HTTP only. */
  method: z.enum(['POST', 'PUT', 'PATCH']),
  headers: textsSchema,
})

/** What a destination is sent besides the event. */
const credentialFields = {
  headers: textsSchema,
  /** Standard Webhooks secret to sign outgoing requests with. */
  signingSecret: z.string().optional(),
  /** PEM. Presented to an https destination that requests one. */
  clientCertificate: z.object({ cert: z.string(), key: z.string() }).optional(),
}

const resolvedSinkSchema = z.object({
  name: z.string(),
  destination: destinationSchema,
  filter: sinkFilterSchema.optional(),
  /** Absent: events are sent in the format of the sink, by POST. */
  transform: sinkTransformSchema.optional(),
  format: z.enum(['CloudEventBinary', 'CloudEventStructured', 'Original']),
  ...credentialFields,
  delivery: z.object({
    timeoutMs: z.number(),
    retry: z.number(),
    retryForMs: z.number(),
    backoffPolicy: z.enum(['Exponential', 'Linear']),
    backoffDelayMs: z.number(),
    backoffMaxMs: z.number(),
    retryAfterMaxMs: z.number(),
    maxInFlight: z.number(),
    /** Of one receiver. Receivers from before there were rates do not know it, and send as they did. */
    ratePerSecond: z.number().positive().optional(),
    /** How long an event is kept once the sink has taken it. Absent: not at all, as in entries of older controllers. */
    keepDeliveredMs: z.number().optional(),
  }),
  deadLetter: destinationSchema.optional(),
  /** Of `deadLetter`, which is sent nothing of the sink's own. Absent: none, as in entries of older controllers. */
  deadLetterAuth: z.object(credentialFields).optional(),
  /** Likewise. The receivers run what the controller has found good; one that cannot run here is not forwarded. */
  deadLetterTransform: sinkTransformSchema.optional(),
})

/**
 * Where the deliveries of an object, or of one sink, stand still or stood still. Said of a route and of a sink in the
 * same words.
 */
const suspensionFields = {
  /** Events are kept; no attempt is made, and the time in which deliveries are retried stands still. */
  suspended: z.literal(true).optional(),
  /**
   * RFC 3339: when it was suspended last and went on. Deliveries that are older are retried as if they had come then:
   * how long each of them stood still is not kept. Absent where it never was suspended.
   */
  resumedTime: z.string().optional(),
}

/** At most this many types are named by the owner of a webhook. */
const maxAllowedTypes = 32

/** What makes an entry that of a route: whose events it gets, and which of them. */
const routeEntrySchema = z.object({
  /** Events of this object only: one made again under the same name has another uid. */
  webhookUid: z.string(),
  /** For people, and for the source of CloudEvents. */
  webhook: z.object({ namespace: z.string(), name: z.string() }),
  /** RFC 3339. Only what is received then or later is routed: a new route gets later events only. */
  since: z.string(),
  /**
   * Judged by an index of all routes of a webhook, so without CEL: that of the route stands in front of each sink's
   * own, where it can delay nobody else.
   */
  filter: sinkFilterSchema.omit({ cel: true }).optional(),
  /** What the owner of the webhook lets it see at most. Absent: every type. */
  allowedTypes: z.array(z.string()).max(maxAllowedTypes).optional(),
  /**
   * The owner has withdrawn consent: nothing more is routed, no attempt is made, and what waits becomes dead letters,
   * which can be replayed once it is allowed again.
   */
  refused: z.literal(true).optional(),
  /** Of all its sinks; events are routed nevertheless. */
  ...suspensionFields,
})

const sinkSuspensionSchema = z.object({ sink: z.string(), ...suspensionFields })

const entryFields = z.object({
  uid: z.string(),
  namespace: z.string(),
  /** Of the object, without its kind. A route and a webhook of one namespace may have the same. */
  name: z.string(),
  /** Current first. Empty for a route, which is sent nothing by Google. */
  secrets: z.array(liveSecretSchema).max(maxLiveSecrets),
  /**
   * The create or rotation that revealed the current secret, for the controller that finds its intent. Absent where
   * none of this object's did.
   */
  attemptID: z.string().optional(),
  sinks: z.array(resolvedSinkSchema),
  /**
   * Names of sinks that cannot be resolved now (a Secret is gone, a field is wrong): events are kept for them and
   * deliveries wait. Leaving them out would look like sinks that were removed, whose deliveries end. Absent without
   * any.
   */
  heldSinks: z.array(z.string()).optional(),
  /**
   * Of sinks that are suspended, or were. One that is stands in `heldSinks` as well and not in `sinks`: a receiver that
   * does not know this field makes no attempt either. Absent without any.
   */
  suspensions: z.array(sinkSuspensionSchema).optional(),
  /**
   * For so long the end of a batch is recognised by its job: what Google sends of it and what the backfill sends are
   * one event. Absent: by its `webhook-id` alone, as with receivers that do not know this field, which store both.
   */
  foldJobsForSeconds: z.number().positive().optional(),
  /** Absent: there is no dynamic endpoint. That of a route has a path of its own. */
  dynamic: dynamicEndpointSchema.optional(),
  /**
   * Present: this is a GeminiRoute, which has no static endpoint. A receiver from before there were routes does not see
   * this field. It accepts nothing for such an entry on a path that anybody is given; where a webhook of the same name
   * exists, the object as the API server shows it decides, so that the webhook is served on.
   */
  route: routeEntrySchema.optional(),
})

/** One that a later version wrote may have another form, which is no reason to refuse the entry around it. */
const newerSinkSchema = z
  .object({ at: z.int().min(0), needs: z.array(z.string()).optional(), sink: z.unknown() })
  .transform(({ at, needs = [], sink }) => {
    const isKnown = needs.every(isKnownNeed)
    return { at, sink: isKnown ? resolvedSinkSchema.safeParse(sink).data : undefined }
  })

/** Of an entry as it stands in its Secret; what comes out has all sinks in their places. */
export const keyringEntrySchema = entryFields
  .extend({
    /** Sinks that not every receiver knows. Their names stand in `heldSinks`: who does not know one holds it. */
    newerSinks: z.array(newerSinkSchema).optional(),
  })
  .transform(fromStoredEntry)

export type LiveSecret = z.infer<typeof liveSecretSchema>
export type DynamicEndpointEntry = z.infer<typeof dynamicEndpointSchema>
export type Destination = z.infer<typeof destinationSchema>
export type DestinationCredentials = Pick<ResolvedSink, keyof typeof credentialFields>
export type SinkFilter = z.infer<typeof sinkFilterSchema>
export type SinkTransform = z.infer<typeof sinkTransformSchema>
export type ResolvedSink = z.infer<typeof resolvedSinkSchema>
export type RouteEntry = z.infer<typeof routeEntrySchema>
export type SinkSuspension = z.infer<typeof sinkSuspensionSchema>
export type KeyringEntry = z.infer<typeof entryFields>
