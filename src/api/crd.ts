import {
  apiGroup,
  apiVersionName,
  categoryName,
  kindName,
  listKindName,
  pluralName,
  routeKindName,
  routeListKindName,
  routePluralName,
  routeShortName,
  routeSingularName,
  shortName,
  singularName,
} from './kind.ts'
import { routeSpecSchema } from './route-spec.ts'
import { routeStatusSchema } from './route-status.ts'
import { rules, type RuleScope } from './rules.ts'
import { specSchema } from './spec.ts'
import { statusSchema } from './status.ts'
import { itemsOf, propertyOf, structuralSchemaOf, type StructuralSchema } from './structural-schema.ts'

interface PrinterColumn {
  /** Appears in capitals in `kubectl get`. */
  name: string
  type: 'string' | 'integer' | 'date'
  jsonPath: string
  description?: string
  /** 1: with `-o wide` only. */
  priority?: number
}

/** What tells one of our kinds from the other. */
interface Definition {
  names: { kind: string; listKind: string; plural: string; singular: string; shortNames: string[] }
  columns: readonly PrinterColumn[]
  /** What a field selector may name beside metadata. An API server before 1.31 does not know of it and drops it. */
  selectable: readonly string[]
  schema: StructuralSchema
}

/** The CustomResourceDefinition of GeminiWebhook, whole, as an object; pure. */
export function geminiWebhookCrd() {
  return definitionOf({
    names: {
      kind: kindName,
      listKind: listKindName,
      plural: pluralName,
      singular: singularName,
      shortNames: [shortName],
    },
    columns: webhookColumns,
    selectable: ['.spec.externalID'],
    schema: webhookSchema(),
  })
}

/** That of GeminiRoute; pure. */
export function geminiRouteCrd() {
  return definitionOf({
    names: {
      kind: routeKindName,
      listKind: routeListKindName,
      plural: routePluralName,
      singular: routeSingularName,
      shortNames: [routeShortName],
    },
    columns: routeColumns,
    selectable: ['.spec.webhookRef.name', '.spec.webhookRef.namespace'],
    schema: routeSchema(),
  })
}

/** Every kind of this project, in the order in which they are installed. */
export const allCrds = () => [geminiWebhookCrd(), geminiRouteCrd()]

function definitionOf({ names, columns, selectable, schema }: Definition) {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${names.plural}.${apiGroup}` },
    spec: {
      group: apiGroup,
      names: { ...names, categories: [categoryName] },
      scope: 'Namespaced',
      versions: [
        {
          name: apiVersionName,
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: selectable.map((jsonPath) => ({ jsonPath })),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: schema },
        },
      ],
    },
  }
}

const columnOf = (condition: string) => `.status.conditions[?(@.type=="${condition}")].status`

/**
 * ROTATES is text: a date column shows `<invalid>` for the future. EVENTS is counted by the controller: a column cannot
 * count.
 */
const webhookColumns: readonly PrinterColumn[] = [
  { name: 'Ready', type: 'string', jsonPath: columnOf('Ready') },
  { name: 'State', type: 'string', jsonPath: '.status.webhook.state', description: 'State at Google.' },
  { name: 'Sinks', type: 'string', jsonPath: columnOf('SinksHealthy') },
  { name: 'Events', type: 'integer', jsonPath: '.status.webhook.eventCount', description: 'Subscribed event types.' },
  { name: 'URL', type: 'string', jsonPath: '.status.endpoint.url', priority: 1 },
  { name: 'Rotates', type: 'string', jsonPath: '.status.rotation.nextRotationTime' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

const routeColumns: readonly PrinterColumn[] = [
  { name: 'Ready', type: 'string', jsonPath: columnOf('Ready') },
  { name: 'Webhook', type: 'string', jsonPath: '.spec.webhookRef.name' },
  { name: 'Webhook-Namespace', type: 'string', jsonPath: '.spec.webhookRef.namespace', priority: 1 },
  { name: 'Accepted', type: 'string', jsonPath: columnOf('Accepted') },
  { name: 'Pending', type: 'integer', jsonPath: '.status.pending', description: 'Deliveries that wait.' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

function webhookSchema(): StructuralSchema {
  const spec = structuralSchemaOf(specSchema)
  attach(spec, 'spec')
  attach(propertyOf(spec, 'endpoint'), 'endpoint')
  const signingSecret = propertyOf(spec, 'signingSecret')
  attach(signingSecret, 'signingSecret')
  attach(itemsOf(propertyOf(propertyOf(signingSecret, 'template'), 'keys')), 'secretTemplateKey')
  attach(propertyOf(spec, 'rotation'), 'rotation')
  attach(propertyOf(spec, 'backfill'), 'backfill')
  attach(propertyOf(propertyOf(spec, 'allowedRoutes'), 'namespaces'), 'routeNamespaces')
  attachToSinks(spec)
  return {
    description: 'A webhook at the Gemini API: registered, signed, verified, stored and delivered.',
    ...objectOf(spec, structuralSchemaOf(statusSchema)),
    'x-kubernetes-validations': celRulesOf('root'),
  }
}

function routeSchema(): StructuralSchema {
  const spec = structuralSchemaOf(routeSpecSchema)
  attachToSinks(spec)
  return {
    description: 'Events of a GeminiWebhook, which may belong to somebody else, for sinks of this namespace.',
    ...objectOf(spec, structuralSchemaOf(routeStatusSchema)),
    'x-kubernetes-validations': celRulesOf('route'),
  }
}

function objectOf(spec: StructuralSchema, status: StructuralSchema): StructuralSchema {
  return {
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status,
    },
  }
}

/** Both kinds have the same sinks, and what holds for all of them. */
function attachToSinks(spec: StructuralSchema): void {
  const sink = itemsOf(propertyOf(spec, 'sinks'))
  attach(sink, 'destination')
  attach(propertyOf(sink, 'delivery'), 'delivery')
  attach(propertyOf(sink, 'deadLetter'), 'destination')
  attach(propertyOf(spec, 'delivery'), 'objectDelivery')
}

function attach(schema: StructuralSchema, scope: RuleScope): void {
  schema['x-kubernetes-validations'] = celRulesOf(scope)
}

/**
 * The rules of one scope as the CRD carries them; `fieldPath` makes kubectl name the field instead of the object around
 * it.
 */
function celRulesOf(scope: RuleScope): { rule: string; message: string; fieldPath?: string }[] {
  return rules[scope].map(({ cel, message, field }) =>
    field === '' ? { rule: cel, message } : { rule: cel, message, fieldPath: `.${field}` },
  )
}
