import { dynamicSecretNameOf, dynamicSecretSuffix, signingSecretNameOf, signingSecretSuffix } from './defaults.ts'
import type { BackfillSpec } from './backfill.ts'
import { backfillRules, specBackfillRules } from './backfill-rules.ts'
import { durationWithin } from './duration.ts'
import type { RouteNamespaces } from './allowed-routes.ts'
import type { GeminiRouteManifest } from './gemini-route.ts'
import type { GeminiWebhookManifest } from './gemini-webhook.ts'
import type { ObjectDelivery } from './object-delivery.ts'
import { routeNamespacesRules, routeRootRules } from './route-rules.ts'
import { destinationFieldNames, minRatePerSecond, type SinkDelivery, type SinkDestination } from './sink.ts'
import { annotationKeyPattern, keysHold, keysHoldCel, labelKeyPattern } from './metadata-key.ts'
import { secretTemplateKeyRules, type SecretTemplateKey } from './secret-template.ts'
import { noneReserved, noneReservedCel, reservedKeysInWords } from './reserved-metadata.ts'
import type { GeminiWebhookSpec, RotationSpec } from './spec.ts'
import { httpsUrlPattern, httpUrlPattern, kafkaKeyPattern, natsSubjectPattern } from './field-types.ts'

/**
 * What one field demands of another. Each rule exists twice on purpose: as CEL, which the API server runs on apply, and
 * as a pure function, its twin, for offline validation and for clusters with an older CRD. A test applies each to a
 * real API server and compares.
 */

/** The values that a rule can look at, by where it stands in the resource. */
export interface RuleScopes {
  root: GeminiWebhookManifest
  spec: GeminiWebhookSpec
  endpoint: NonNullable<GeminiWebhookSpec['endpoint']>
  signingSecret: NonNullable<GeminiWebhookSpec['signingSecret']>
  secretTemplateKey: SecretTemplateKey
  rotation: RotationSpec
  backfill: BackfillSpec
  routeNamespaces: RouteNamespaces
  /** A whole GeminiRoute, as root is a whole GeminiWebhook. */
  route: GeminiRouteManifest
  /** A sink or a dead letter. */
  destination: SinkDestination
  delivery: SinkDelivery
  /** Of a GeminiWebhook or a GeminiRoute. */
  objectDelivery: ObjectDelivery
}

export type RuleScope = keyof RuleScopes

export interface Rule<S extends RuleScope> {
  readonly id: string
  readonly scope: S
  /** Below the scope, the field that the API server blames; empty: the scope itself. */
  readonly field: string
  readonly cel: string
  readonly message: string
  /** The twin. `previous` is the same value before the change; undefined when it was not there. */
  holds(value: RuleScopes[S], previous: RuleScopes[S] | undefined): boolean
}

const hourMs = 3_600_000

/**
 * Never changed later: a rule at the root that a stored object violates would block even the removal of its finalizer.
 */
const rootRules: readonly Rule<'root'>[] = [
  {
    id: 'name-is-a-label',
    scope: 'root',
    field: 'metadata',
    cel: "size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')",
    message: 'metadata.name must have at most 63 characters and no dots: it is part of a URL and of Secret names',
    holds: ({ metadata }) => metadata.name.length <= 63 && !metadata.name.includes('.'),
  },
  {
    id: 'secret-names-differ',
    scope: 'root',
    field: 'spec',
    cel: secretNamesDifferCel(),
    message:
      'spec.apiKeySecretRef.name, spec.signingSecret.name and spec.dynamic.secretName must be three different Secrets (defaults counted)',
    holds: secretNamesDiffer,
  },
]

const specRules: readonly Rule<'spec'>[] = [
  {
    id: 'events-or-dynamic',
    scope: 'spec',
    field: '',
    cel: 'has(self.events) || has(self.dynamic)',
    message: 'set events, or dynamic, or both: with neither there is nothing to receive',
    holds: (spec) => spec.events !== undefined || spec.dynamic !== undefined,
  },
  {
    id: 'events-need-api-key',
    scope: 'spec',
    field: '',
    cel: '!has(self.events) || has(self.apiKeySecretRef)',
    message: 'events need apiKeySecretRef: with its API key the webhook is registered at Google',
    holds: (spec) => spec.events === undefined || spec.apiKeySecretRef !== undefined,
  },
  {
    id: 'own-endpoint-is-only-registered',
    scope: 'spec',
    field: '',
    cel: '!has(self.endpoint) || !has(self.endpoint.url) || (!has(self.dynamic) && (!has(self.sinks) || size(self.sinks) == 0))',
    message:
      'endpoint.url is a server of your own, so sinks and dynamic must be absent: nothing arrives at our receiver',
    holds: (spec) =>
      spec.endpoint?.url === undefined ||
      (spec.dynamic === undefined && (spec.sinks === undefined || spec.sinks.length === 0)),
  },
  {
    id: 'adoption-needs-external-id',
    scope: 'spec',
    field: '',
    cel: "!has(self.adoptionPolicy) || !(self.adoptionPolicy in ['AdoptOnly', 'TakeOver']) || has(self.externalID)",
    message: 'adoptionPolicy AdoptOnly and TakeOver need externalID: the id of the webhook to adopt',
    holds: (spec) =>
      (spec.adoptionPolicy !== 'AdoptOnly' && spec.adoptionPolicy !== 'TakeOver') || spec.externalID !== undefined,
  },
  {
    // Not `self == oldSelf` on the field itself: removing the field and adding it again would bypass that.
    id: 'external-id-is-set-once',
    scope: 'spec',
    field: '',
    cel: '!has(oldSelf.externalID) || (has(self.externalID) && self.externalID == oldSelf.externalID)',
    message: 'externalID cannot be changed or removed once set: delete the object and create another one',
    holds: (spec, previous) => previous?.externalID === undefined || spec.externalID === previous.externalID,
  },
]

const endpointRules: readonly Rule<'endpoint'>[] = [
  {
    id: 'one-endpoint',
    scope: 'endpoint',
    field: '',
    cel: 'has(self.hostname) != has(self.url)',
    message: 'set exactly one of hostname and url, or leave endpoint out',
    holds: (endpoint) => (endpoint.hostname !== undefined) !== (endpoint.url !== undefined),
  },
  {
    id: 'endpoint-url',
    scope: 'endpoint',
    field: 'url',
    cel: `!has(self.url) || self.url.matches(${celString(httpsUrlPattern.source)})`,
    message: 'url must be an https URL with a host name, without user and password, without fragment',
    holds: (endpoint) => endpoint.url === undefined || httpsUrlPattern.test(endpoint.url),
  },
]

/**
 * Kubernetes takes 256 KiB of annotations; four bytes a character, the keys and our own annotations fit beside this.
 */
const maxAnnotationCharacters = 60_000

/**
 * What the API server would refuse in the Secret, long after this object was applied: at the next rotation, when the
 * new secret cannot be kept.
 */
const signingSecretRules: readonly Rule<'signingSecret'>[] = [
  {
    id: 'secret-label-keys',
    scope: 'signingSecret',
    field: 'labels',
    cel: keysHoldCel('self.labels', labelKeyPattern),
    message:
      'keys of labels must be at most 63 letters, digits, hyphens, underscores and dots, with a letter or digit at both ends; a DNS name in lower case and a slash may stand before them',
    holds: ({ labels }) => keysHold(labels, labelKeyPattern),
  },
  {
    id: 'secret-annotation-keys',
    scope: 'signingSecret',
    field: 'annotations',
    cel: keysHoldCel('self.annotations', annotationKeyPattern),
    message:
      'keys of annotations must be at most 63 letters, digits, hyphens, underscores and dots, with a letter or digit at both ends; a DNS name and a slash may stand before them',
    holds: ({ annotations }) => keysHold(annotations, annotationKeyPattern),
  },
  {
    id: 'secret-labels-not-reserved',
    scope: 'signingSecret',
    field: 'labels',
    cel: noneReservedCel('self.labels'),
    message: `keys of labels must not be ${reservedKeysInWords}: they are set by others, so leave them out`,
    holds: ({ labels }) => noneReserved(labels),
  },
  {
    id: 'secret-annotations-not-reserved',
    scope: 'signingSecret',
    field: 'annotations',
    cel: noneReservedCel('self.annotations'),
    message: `keys of annotations must not be ${reservedKeysInWords}: they are set by others, so leave them out`,
    holds: ({ annotations }) => noneReserved(annotations),
  },
  {
    id: 'secret-annotations-fit',
    scope: 'signingSecret',
    field: 'annotations',
    cel: `!has(self.annotations) || self.annotations.map(key, size(self.annotations[key])).sum() <= ${maxAnnotationCharacters}`,
    message: `values of annotations may have ${maxAnnotationCharacters} characters together: Kubernetes limits what one object carries`,
    holds: ({ annotations = {} }) =>
      Object.values(annotations).reduce((sum, value) => sum + Array.from(value).length, 0) <= maxAnnotationCharacters,
  },
]

const rotationRules: readonly Rule<'rotation'>[] = [
  {
    id: 'rotation-interval',
    scope: 'rotation',
    field: 'interval',
    cel: "!has(self.interval) || duration(self.interval) >= duration('48h')",
    message: 'interval must be at least 48h: the old secret lives on for 24 hours after a rotation',
    holds: (rotation) => rotation.interval === undefined || durationWithin(rotation.interval, 48 * hourMs, Infinity),
  },
  {
    id: 'rotation-windows-need-interval',
    scope: 'rotation',
    field: 'windows',
    cel: '!has(self.windows) || size(self.windows) == 0 || has(self.interval) || has(self.request)',
    message:
      'windows say when rotations may happen, so they need interval or a request: otherwise nothing could wait for them',
    holds: ({ windows = [], interval, request }) =>
      // Any request: one that waited for a window gives way to one that does not, when a secret has leaked.
      windows.length === 0 || interval !== undefined || request !== undefined,
  },
  {
    id: 'rotation-request-needs-windows',
    scope: 'rotation',
    field: 'request.window',
    cel: "!has(self.request) || !has(self.request.window) || self.request.window != 'Next' || (has(self.windows) && size(self.windows) > 0)",
    message: 'Next waits for one of the windows, so set windows, or leave window out to rotate at once',
    holds: ({ windows = [], request }) => request?.window !== 'Next' || windows.length > 0,
  },
  {
    // Here and not on the window: windows are an atomic list, whose entries the API server cannot tell from what was
    // stored, so that it would refuse an object that is older than this rule even where the list is not touched.
    id: 'rotation-window-opens',
    scope: 'rotation',
    field: 'windows',
    cel: "!has(self.windows) || self.windows.all(window, duration(window.duration) > duration('0s'))",
    message: 'a window must stay open for longer than 0s: the duration says how long',
    holds: ({ windows = [] }) => windows.every(({ duration }) => durationWithin(duration, 1, Infinity)),
  },
]

const destinationRules: readonly Rule<'destination'>[] = [
  {
    id: 'one-destination',
    scope: 'destination',
    field: '',
    cel: `[${destinationFieldNames.map((field) => `has(self.${field})`).join(', ')}].filter(given, given).size() == 1`,
    message: `set exactly one of ${destinationFieldNames.join(', ')}`,
    holds: (destination) => destinationFieldNames.filter((field) => destination[field] !== undefined).length === 1,
  },
  {
    id: 'destination-uri',
    scope: 'destination',
    field: 'uri',
    cel: `!has(self.uri) || self.uri.matches(${celString(httpUrlPattern.source)})`,
    message: 'uri must be an http or https URL with a host name, without user and password, without fragment',
    holds: (destination) => destination.uri === undefined || httpUrlPattern.test(destination.uri),
  },
  {
    id: 'destination-nats-subject',
    scope: 'destination',
    field: 'nats.subject',
    cel: `!has(self.nats) || self.nats.subject.matches(${celString(natsSubjectPattern.source)})`,
    message:
      'subject must be tokens of letters, digits, hyphens, underscores, {namespace}, {name} and {type}, with single dots between them',
    holds: (destination) => destination.nats === undefined || natsSubjectPattern.test(destination.nats.subject),
  },
  {
    id: 'destination-kafka-topic',
    scope: 'destination',
    field: 'kafka.topic',
    cel: `!has(self.kafka) || self.kafka.topic.matches(${celString(natsSubjectPattern.source)})`,
    message:
      'topic must be tokens of letters, digits, hyphens, underscores, {namespace}, {name} and {type}, with single dots between them',
    holds: (destination) => destination.kafka === undefined || natsSubjectPattern.test(destination.kafka.topic),
  },
  {
    id: 'destination-kafka-key',
    scope: 'destination',
    field: 'kafka.key',
    cel: `!has(self.kafka) || !has(self.kafka.key) || self.kafka.key.matches(${celString(kafkaKeyPattern.source)})`,
    message: 'key may have no braces but those of {subject}, {id}, {type}, {namespace} and {name}',
    holds: ({ kafka }) => kafka?.key === undefined || kafkaKeyPattern.test(kafka.key),
  },
]

const deliveryRules: readonly Rule<'delivery'>[] = [
  {
    id: 'delivery-timeout',
    scope: 'delivery',
    field: 'timeout',
    cel: "!has(self.timeout) || (duration(self.timeout) >= duration('1s') && duration(self.timeout) <= duration('5m'))",
    message: 'timeout must be from 1s to 5m: a hanging attempt occupies one of maxInFlight',
    holds: (delivery) => delivery.timeout === undefined || durationWithin(delivery.timeout, 1000, hourMs / 12),
  },
  {
    id: 'delivery-retry-for',
    scope: 'delivery',
    field: 'retryFor',
    cel: "!has(self.retryFor) || duration(self.retryFor) <= duration('168h')",
    message: 'retryFor must be at most 168h: after a week an event belongs to the dead letters',
    holds: (delivery) => delivery.retryFor === undefined || durationWithin(delivery.retryFor, 0, 168 * hourMs),
  },
  {
    id: 'delivery-backoff-delay',
    scope: 'delivery',
    field: 'backoffDelay',
    cel: "!has(self.backoffDelay) || duration(self.backoffDelay) >= duration('1s')",
    message: 'backoffDelay must be at least 1s: a failing sink needs a pause',
    holds: (delivery) => delivery.backoffDelay === undefined || durationWithin(delivery.backoffDelay, 1000, Infinity),
  },
  {
    // An API server compares a whole number with the whole part of `minimum`, so that it takes 0.
    id: 'delivery-rate',
    scope: 'delivery',
    field: 'ratePerSecond',
    cel: `!has(self.ratePerSecond) || self.ratePerSecond >= ${minRatePerSecond}`,
    message: `ratePerSecond must be at least ${minRatePerSecond}: a sink that is to get nothing for now has suspend`,
    holds: ({ ratePerSecond = minRatePerSecond }) => ratePerSecond >= minRatePerSecond,
  },
]

const objectDeliveryRules: readonly Rule<'objectDelivery'>[] = [
  {
    id: 'keep-delivered',
    scope: 'objectDelivery',
    field: 'keepDelivered',
    cel: "!has(self.keepDelivered) || (duration(self.keepDelivered) >= duration('1m') && duration(self.keepDelivered) <= duration('720h'))",
    message: 'keepDelivered must be from 1m to 720h: what has to stay for longer belongs to a store of your own',
    holds: ({ keepDelivered }) =>
      keepDelivered === undefined || durationWithin(keepDelivered, hourMs / 60, 720 * hourMs),
  },
]

/** Every rule, by where it looks. */
export const rules: { readonly [S in RuleScope]: readonly Rule<S>[] } = {
  root: rootRules,
  spec: [...specRules, ...specBackfillRules],
  endpoint: endpointRules,
  signingSecret: signingSecretRules,
  secretTemplateKey: secretTemplateKeyRules,
  rotation: rotationRules,
  backfill: backfillRules,
  routeNamespaces: routeNamespacesRules,
  route: routeRootRules,
  destination: destinationRules,
  delivery: deliveryRules,
  objectDelivery: objectDeliveryRules,
}

function secretNamesDiffer(webhook: GeminiWebhookManifest): boolean {
  const names = [webhook.spec.apiKeySecretRef?.name, signingSecretNameOf(webhook), dynamicSecretNameOf(webhook)]
  const given = names.filter((name) => name !== undefined)
  return new Set(given).size === given.length
}

function isNotApiKeyCel(name: string): string {
  return `(!has(self.spec.apiKeySecretRef) || self.spec.apiKeySecretRef.name != ${name})`
}

function secretNamesDifferCel(): string {
  const signing = `(has(self.spec.signingSecret) && has(self.spec.signingSecret.name) ? self.spec.signingSecret.name : self.metadata.name + '${signingSecretSuffix}')`
  const dynamic = `(has(self.spec.dynamic.secretName) ? self.spec.dynamic.secretName : self.metadata.name + '${dynamicSecretSuffix}')`
  return `${isNotApiKeyCel(signing)} && (!has(self.spec.dynamic) || (${dynamic} != ${signing} && ${isNotApiKeyCel(dynamic)}))`
}

/** A CEL string literal; raw, because patterns are full of backslashes. */
function celString(text: string): string {
  return `r'${text}'`
}
