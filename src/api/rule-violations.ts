import type { GeminiRouteManifest } from './gemini-route.ts'
import type { GeminiWebhookManifest } from './gemini-webhook.ts'
import type { SecretTemplateKey } from './secret-template.ts'
import { rules, type Rule, type RuleScope, type RuleScopes } from './rules.ts'
import type { SinkSpec } from './sink.ts'

export interface RuleViolation {
  id: string
  /** Path of the field, such as `spec.sinks[0].uri`; empty: the object itself. */
  field: string
  message: string
}

/**
 * Every rule that a well-formed object breaks, in the order of the resource. `previous` is the stored object that it
 * replaces: without it transitions are not judged, as on creation. The schema checks types, lengths and patterns; rules
 * do not.
 */
export function ruleViolations(webhook: GeminiWebhookManifest, previous?: GeminiWebhookManifest): RuleViolation[] {
  const { spec } = webhook
  const before = previous?.spec
  return [
    ...broken('root', '', webhook, previous),
    ...broken('spec', 'spec', spec, before),
    ...broken('endpoint', 'spec.endpoint', spec.endpoint, before?.endpoint),
    ...broken('signingSecret', 'spec.signingSecret', spec.signingSecret, before?.signingSecret),
    ...templateViolations(spec.signingSecret?.template?.keys, before?.signingSecret?.template?.keys),
    ...broken('rotation', 'spec.rotation', spec.rotation, before?.rotation),
    ...broken('backfill', 'spec.backfill', spec.backfill, before?.backfill),
    ...broken(
      'routeNamespaces',
      'spec.allowedRoutes.namespaces',
      spec.allowedRoutes?.namespaces,
      before?.allowedRoutes?.namespaces,
    ),
    ...sinksViolations(spec.sinks, before?.sinks),
    ...broken('objectDelivery', 'spec.delivery', spec.delivery, before?.delivery),
  ]
}

/** Likewise of a route. */
export function routeViolations(route: GeminiRouteManifest, previous?: GeminiRouteManifest): RuleViolation[] {
  const { spec } = route
  const before = previous?.spec
  return [
    ...broken('route', '', route, previous),
    ...sinksViolations(spec.sinks, before?.sinks),
    ...broken('objectDelivery', 'spec.delivery', spec.delivery, before?.delivery),
  ]
}

function templateViolations(
  entries: readonly SecretTemplateKey[] = [],
  before: readonly SecretTemplateKey[] = [],
): RuleViolation[] {
  return entries.flatMap((entry, index) =>
    broken(
      'secretTemplateKey',
      `spec.signingSecret.template.keys[${index}]`,
      entry,
      before.find(({ key }) => key === entry.key),
    ),
  )
}

function sinksViolations(sinks: readonly SinkSpec[] = [], before: readonly SinkSpec[] | undefined): RuleViolation[] {
  return sinks.flatMap((sink, index) =>
    sinkViolations(
      `spec.sinks[${index}]`,
      sink,
      before?.find(({ name }) => name === sink.name),
    ),
  )
}

function sinkViolations(path: string, sink: SinkSpec, previous: SinkSpec | undefined): RuleViolation[] {
  return [
    ...broken('destination', path, sink, previous),
    ...broken('delivery', `${path}.delivery`, sink.delivery, previous?.delivery),
    ...broken('destination', `${path}.deadLetter`, sink.deadLetter, previous?.deadLetter),
  ]
}

function broken<S extends RuleScope>(
  scope: S,
  path: string,
  value: RuleScopes[S] | undefined,
  previous: RuleScopes[S] | undefined,
): RuleViolation[] {
  if (value === undefined) return []
  const ofScope: readonly Rule<S>[] = rules[scope]
  return ofScope
    .filter((rule) => !rule.holds(value, previous))
    .map(({ id, field, message }) => ({ id, field: [path, field].filter((part) => part !== '').join('.'), message }))
}
