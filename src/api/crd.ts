import * as z from 'zod'

import {
  apiGroup,
  apiVersionName,
  categoryName,
  kindName,
  listKindName,
  pluralName,
  shortName,
  singularName,
} from './kind.ts'
import { rules, type RuleScope } from './rules.ts'
import { specSchema } from './spec.ts'
import { statusSchema } from './status.ts'
import { isRecord } from '../is-record.ts'

/** A JSON schema as the API server takes it: structural, with its own `x-kubernetes-` keys. */
export interface StructuralSchema {
  type?: string
  description?: string
  properties?: Record<string, StructuralSchema>
  items?: StructuralSchema
  additionalProperties?: StructuralSchema
  required?: string[]
  minimum?: number
  maximum?: number
  [key: string]: unknown
}

/** zod gives every integer the bounds of a double's safe range; these bounds have no effect and lengthen the file. */
const safeIntegers = new Set([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER])

/** The CustomResourceDefinition, whole, as an object; pure. Column names appear in capitals in `kubectl get`. */
export function geminiWebhookCrd() {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${pluralName}.${apiGroup}` },
    spec: {
      group: apiGroup,
      names: {
        kind: kindName,
        listKind: listKindName,
        plural: pluralName,
        singular: singularName,
        shortNames: [shortName],
        categories: [categoryName],
      },
      scope: 'Namespaced',
      versions: [
        {
          name: apiVersionName,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  }
}

/**
 * ROTATES is text: a date column shows `<invalid>` for the future. EVENTS is counted by the controller: a column cannot
 * count.
 */
const printerColumns = [
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'State', type: 'string', jsonPath: '.status.webhook.state', description: 'State at Google.' },
  { name: 'Sinks', type: 'string', jsonPath: '.status.conditions[?(@.type=="SinksHealthy")].status' },
  { name: 'Events', type: 'integer', jsonPath: '.status.webhook.eventCount', description: 'Subscribed event types.' },
  { name: 'URL', type: 'string', jsonPath: '.status.endpoint.url', priority: 1 },
  { name: 'Rotates', type: 'string', jsonPath: '.status.rotation.nextRotationTime' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
]

function rootSchema(): StructuralSchema {
  const spec = structural(z.toJSONSchema(specSchema, { target: 'openapi-3.0', io: 'input' }))
  const status = structural(z.toJSONSchema(statusSchema, { target: 'openapi-3.0', io: 'input' }))
  attachRules(spec)
  return {
    description: 'A webhook at the Gemini API: registered, signed, verified, stored and delivered.',
    type: 'object',
    required: ['spec'],
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: { type: 'object' },
      spec,
      status,
    },
    'x-kubernetes-validations': celRulesOf('root'),
  }
}

function attachRules(spec: StructuralSchema): void {
  const sink = itemsOf(propertyOf(spec, 'sinks'))
  attach(spec, 'spec')
  attach(propertyOf(spec, 'endpoint'), 'endpoint')
  attach(propertyOf(spec, 'signingSecret'), 'signingSecret')
  attach(propertyOf(spec, 'rotation'), 'rotation')
  attach(sink, 'destination')
  attach(propertyOf(sink, 'delivery'), 'delivery')
  attach(propertyOf(sink, 'deadLetter'), 'destination')
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

function propertyOf(schema: StructuralSchema, name: string): StructuralSchema {
  const property = schema.properties?.[name]
  if (property === undefined) throw new Error(`the schema has no property "${name}" to attach rules to`)
  return property
}

function itemsOf(schema: StructuralSchema): StructuralSchema {
  if (schema.items === undefined) throw new Error('the schema is not a list, so it has no items to attach rules to')
  return schema.items
}

/**
 * Takes away what a structural schema must not have: closed objects (the API server prunes instead) and bounds that
 * bound nothing.
 */
function structural(schema: unknown): StructuralSchema {
  if (!isRecord(schema)) throw new Error(`not a schema: ${JSON.stringify(schema)}`)
  const kept: StructuralSchema = {}
  for (const [key, value] of Object.entries(schema)) {
    if (isEmptyBound(key, value)) continue
    if (key === 'properties' && isRecord(value)) {
      kept.properties = Object.fromEntries(
        Object.entries(value).map(([name, property]) => [name, structural(property)]),
      )
    } else if (key === 'items' || key === 'additionalProperties') {
      kept[key] = structural(value)
    } else {
      kept[key] = value
    }
  }
  return kept
}

function isEmptyBound(key: string, value: unknown): boolean {
  if (key === 'additionalProperties') return value === false
  if (key === 'minItems') return value === 0
  return (key === 'minimum' || key === 'maximum') && typeof value === 'number' && safeIntegers.has(value)
}
