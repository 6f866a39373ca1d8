import assert from 'node:assert/strict'
import { test } from 'node:test'

import { geminiWebhookCrd, type StructuralSchema } from '../../../src/api/crd.ts'
import { geminiWebhookKind, geminiWebhookPath } from '../../../src/api/kind.ts'
import type { ResourceKind } from '../../../src/kubernetes/client.ts'

const [version] = geminiWebhookCrd().spec.versions
assert.ok(version)
const { properties = {} } = version.schema.openAPIV3Schema

interface Place {
  path: string
  schema: StructuralSchema
}

function placesBelow(path: string, schema: StructuralSchema): Place[] {
  const children: Place[] = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]) => ({ path: `${path}.${name}`, schema: child })),
    ...(schema.items === undefined ? [] : [{ path: `${path}[]`, schema: schema.items }]),
    ...(schema.additionalProperties === undefined ? [] : [{ path: `${path}{}`, schema: schema.additionalProperties }]),
  ]
  return [{ path, schema }, ...children.flatMap((child) => placesBelow(child.path, child.schema))]
}

const places = ['spec', 'status'].flatMap((name) => placesBelow(name, properties[name] ?? {}))

function pathsWhere(predicate: (schema: StructuralSchema) => boolean): string[] {
  return places.filter(({ schema }) => predicate(schema)).map(({ path }) => path)
}

test('every string has a longest length or a closed list of values', () => {
  assert.ok(places.length > 100, 'the walk sees the whole resource')
  assert.deepEqual(
    pathsWhere(
      ({ type, maxLength, enum: values }) => type === 'string' && maxLength === undefined && values === undefined,
    ),
    [],
  )
})

test('every list has a largest size and says how it is merged', () => {
  const lists = pathsWhere(({ type }) => type === 'array')
  assert.ok(lists.length > 10)
  assert.deepEqual(
    pathsWhere(
      (schema) =>
        schema.type === 'array' && (schema['maxItems'] === undefined || schema['x-kubernetes-list-type'] === undefined),
    ),
    [],
  )
})

test('a reference to another object is replaced as a whole: half of one names something that nobody meant', () => {
  const references = places.filter(({ path, schema }) => /(Ref|\.ref)$/.test(path) && schema.type === 'object')
  assert.deepEqual(
    references.filter((place) => place.schema['x-kubernetes-map-type'] !== 'atomic').map(({ path }) => path),
    [],
  )
  assert.ok(references.length >= 5, `${references.length} references`)
})

test('every map has a largest size', () => {
  assert.deepEqual(
    pathsWhere((schema) => schema.additionalProperties !== undefined && schema['maxProperties'] === undefined),
    [],
  )
})

test('a required text is never the empty one, except values of maps and labels, and messages', () => {
  const empty = pathsWhere(({ type, enum: values, minLength, format }) => {
    return type === 'string' && values === undefined && format === undefined && minLength === undefined
  })
  assert.deepEqual(
    empty.filter((path) => !path.endsWith('{}')),
    [
      'spec.allowedRoutes.namespaces.selector.matchExpressions[].values[]',
      'status.lastHandledReconcileAt',
      'status.conditions[].message',
    ],
  )
})

test('nothing is defaulted, no schema is a union, and everything has a type', () => {
  const keys = new Set(places.flatMap(({ schema }) => Object.keys(schema)))
  for (const key of ['default', 'oneOf', 'anyOf', 'allOf', 'not', '$ref', 'nullable', 'const', 'propertyNames']) {
    assert.ok(!keys.has(key), key)
  }
  assert.deepEqual(
    pathsWhere(({ type }) => type === undefined),
    [],
  )
})

test('every field of the spec is documented', () => {
  const undocumented = places.filter(
    ({ path, schema }) => /^spec(\.\w+){1,2}$/.test(path) && schema.description === undefined,
  )
  assert.deepEqual(
    undocumented.map(({ path }) => path),
    ['spec.apiKeySecretRef.name'],
  )
})

test('the kind is one that the Kubernetes client understands, and its path is the one of the API', () => {
  const kind: ResourceKind = geminiWebhookKind
  assert.equal(`${kind.plural}.${kind.group}`, geminiWebhookCrd().metadata.name)
  assert.equal(
    geminiWebhookPath({ namespace: 'ml', name: 'batch-events' }),
    '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
  )
})
