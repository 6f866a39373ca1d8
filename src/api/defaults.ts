import { parseDuration } from './duration.ts'
import type { RevokePrevious } from './dynamic.ts'
import type { GeminiRouteManifest } from './gemini-route.ts'
import type { GeminiWebhookManifest } from './gemini-webhook.ts'
import type { ObjectDelivery } from './object-delivery.ts'
import type { SinkFormat, SinkService, SinkSpec } from './sink.ts'
import type { GeminiWebhookSpec, RotationSpec } from './spec.ts'
import type { TransformSpec } from './transform.ts'

/**
 * What a field means when it is absent. Here and not in the CRD, so that the manifest in Git equals the object in the
 * cluster. All functions are pure.
 */

type Named = Pick<GeminiWebhookManifest, 'metadata' | 'spec'>

export const defaultApiKeyField = 'api-key'
export const signingSecretSuffix = '-signing-secret'
export const dynamicSecretSuffix = '-dynamic-endpoint'
/** Another one: a webhook and a route of one namespace may have the same name. */
const routeSecretSuffix = '-route-endpoint'

export function apiKeyFieldOf(spec: GeminiWebhookSpec): string {
  return spec.apiKeySecretRef?.key ?? defaultApiKeyField
}

/** The Secret that holds the signing secrets. */
export function signingSecretNameOf({ metadata, spec }: Named): string {
  return spec.signingSecret?.name ?? `${metadata.name}${signingSecretSuffix}`
}

/** The Secret that publishes the dynamic endpoint; undefined without `dynamic`. */
export function dynamicSecretNameOf({ metadata, spec }: Named): string | undefined {
  if (spec.dynamic === undefined) return undefined
  return spec.dynamic.secretName ?? `${metadata.name}${dynamicSecretSuffix}`
}

/** The Secret that publishes a route's endpoint of its own; undefined without `dynamic`. */
export function routeSecretNameOf({ metadata, spec }: Pick<GeminiRouteManifest, 'metadata' | 'spec'>) {
  if (spec.dynamic === undefined) return undefined
  return spec.dynamic.secretName ?? `${metadata.name}${routeSecretSuffix}`
}

export function desiredStateOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['state']> {
  return spec.state ?? 'Enabled'
}

export function endpointCheckOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['endpointCheck']> {
  return spec.endpointCheck ?? 'OnChange'
}

export function autoReenableOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['autoReenable']> {
  return spec.autoReenable ?? 'WhenHealthy'
}

export function adoptionPolicyOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['adoptionPolicy']> {
  return spec.adoptionPolicy ?? 'CreateOrReadopt'
}

export function driftPolicyOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['driftPolicy']> {
  return spec.driftPolicy ?? 'Correct'
}

/** A webhook that was adopted existed before us, so it also outlives us unless its owner says otherwise. */
export function deletionPolicyOf(spec: GeminiWebhookSpec): NonNullable<GeminiWebhookSpec['deletionPolicy']> {
  return spec.deletionPolicy ?? (spec.externalID === undefined ? 'Delete' : 'Retain')
}

export function revokePreviousOf(request: { revokePrevious?: RevokePrevious | undefined }): RevokePrevious {
  return request.revokePrevious ?? 'AfterGracePeriod'
}

export function requestWindowOf(request: NonNullable<RotationSpec['request']>): 'Now' | 'Next' {
  return request.window ?? 'Now'
}

export function sinkFormatOf(sink: Pick<SinkSpec, 'format'>): SinkFormat {
  return sink.format ?? 'CloudEventBinary'
}

/** A transform, nothing left open. */
export interface CompleteTransform {
  body: string
  contentType: string
  method: 'POST' | 'PUT' | 'PATCH'
  headers: Record<string, string>
}

export function completeTransform({ body, contentType, method, headers }: TransformSpec): CompleteTransform {
  return { body, contentType: contentType ?? 'application/json', method: method ?? 'POST', headers: headers ?? {} }
}

export const defaultEventsPerHour = 60

export interface CompleteService {
  name: string
  port: number
  path: string
  scheme: 'http' | 'https'
}

export function completeService(service: SinkService): CompleteService {
  const scheme = service.scheme ?? 'http'
  return {
    name: service.name,
    scheme,
    port: service.port ?? (scheme === 'https' ? 443 : 80),
    path: service.path ?? '/',
  }
}

/** How delivery to a sink is tried, nothing left open. */
export interface DeliveryPolicy {
  timeoutMs: number
  /** Attempts after the first. */
  retry: number
  retryForMs: number
  backoffPolicy: 'Exponential' | 'Linear'
  backoffDelayMs: number
  backoffMaxMs: number
  retryAfterMaxMs: number
  maxInFlight: number
  /** Attempts that begin in a second at most; absent: as many as there is room for. */
  ratePerSecond?: number
}

/**
 * Sixty attempts under doubling pauses of at most 30 minutes outlast the 24 hours: by default time ends it, not the
 * count.
 */
export const defaultDeliveryPolicy: DeliveryPolicy = {
  timeoutMs: 10_000,
  retry: 60,
  retryForMs: 86_400_000,
  backoffPolicy: 'Exponential',
  backoffDelayMs: 1000,
  backoffMaxMs: 1_800_000,
  retryAfterMaxMs: 300_000,
  maxInFlight: 64,
}

/** A duration that does not parse (possible only in an object that no CRD has checked) counts as absent. */
export function deliveryPolicyOf(sink: Pick<SinkSpec, 'delivery'>): DeliveryPolicy {
  const given = sink.delivery ?? {}
  const fallback = defaultDeliveryPolicy
  return {
    timeoutMs: msOr(given.timeout, fallback.timeoutMs),
    retry: given.retry ?? fallback.retry,
    retryForMs: msOr(given.retryFor, fallback.retryForMs),
    backoffPolicy: given.backoffPolicy ?? fallback.backoffPolicy,
    backoffDelayMs: msOr(given.backoffDelay, fallback.backoffDelayMs),
    backoffMaxMs: msOr(given.backoffMax, fallback.backoffMaxMs),
    retryAfterMaxMs: msOr(given.retryAfterMax, fallback.retryAfterMaxMs),
    maxInFlight: given.maxInFlight ?? fallback.maxInFlight,
    ...(given.ratePerSecond !== undefined && { ratePerSecond: given.ratePerSecond }),
  }
}

/** How long events are kept once a sink has taken them; undefined: not at all. */
export function keepDeliveredMsOf(spec: { delivery?: ObjectDelivery | undefined }): number | undefined {
  const keptMs = msOr(spec.delivery?.keepDelivered, 0)
  return keptMs > 0 ? keptMs : undefined
}

function msOr(duration: string | undefined, fallbackMs: number): number {
  const parsed = duration === undefined ? undefined : parseDuration(duration)
  return parsed?.ok === true ? parsed.value : fallbackMs
}
