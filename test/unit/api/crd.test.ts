import assert from 'node:assert/strict'
import { test } from 'node:test'

import { allCrds, geminiRouteCrd, geminiWebhookCrd } from '../../../src/api/crd.ts'
import { geminiRouteKind, geminiWebhookKind, geminiWebhookPath } from '../../../src/api/kind.ts'
import type { StructuralSchema } from '../../../src/api/structural-schema.ts'
import type { ResourceKind } from '../../../src/kubernetes/client.ts'
import { geminiRoutePath } from '../../support/builders/route-path.ts'

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

const places = allCrds().flatMap(({ spec }) => {
  const [version] = spec.versions
  assert.ok(version)
  const { properties = {} } = version.schema.openAPIV3Schema
  const kind = spec.names.kind
  return ['spec', 'status'].flatMap((name) => placesBelow(`${kind}.${name}`, properties[name] ?? {}))
})

function pathsWhere(predicate: (schema: StructuralSchema) => boolean): string[] {
  return places.filter(({ schema }) => predicate(schema)).map(({ path }) => path)
}

test('every string has a longest length or a closed list of values', () => {
  for (const { spec } of allCrds()) {
    const { kind } = spec.names
    const seen = places.filter(({ path }) => path.startsWith(`${kind}.`)).length
    assert.ok(seen > 60, `the walk sees the whole ${kind}: ${seen}`)
  }
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
      'GeminiWebhook.spec.allowedRoutes.namespaces.selector.matchExpressions[].values[]',
      'GeminiWebhook.status.lastHandledReconcileAt',
      'GeminiWebhook.status.conditions[].message',
      'GeminiRoute.status.conditions[].message',
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
    ({ path, schema }) => /^\w+\.spec(\.\w+){1,2}$/.test(path) && schema.description === undefined,
  )
  assert.deepEqual(
    undocumented.map(({ path }) => path),
    ['GeminiWebhook.spec.apiKeySecretRef.name', 'GeminiRoute.spec.webhookRef.name'],
  )
})

test('each kind is one that the Kubernetes client understands, and its path is the one of the API', () => {
  const kinds: readonly ResourceKind[] = [geminiWebhookKind, geminiRouteKind]
  assert.deepEqual(
    kinds.map(({ plural, group }) => `${plural}.${group}`),
    allCrds().map(({ metadata }) => metadata.name),
  )
  assert.equal(
    geminiWebhookPath({ namespace: 'ml', name: 'batch-events' }),
    '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/ml/geminiwebhooks/batch-events',
  )
  assert.equal(
    geminiRoutePath({ namespace: 'team-search', name: 'nightly-eval' }),
    '/apis/webhooks.gemini-operator.io/v1alpha1/namespaces/team-search/geminiroutes/nightly-eval',
  )
})

test('both kinds have the same sinks, with the same rules', () => {
  const [ofWebhook, ofRoute] = [geminiWebhookCrd(), geminiRouteCrd()].map(({ spec }) => {
    const { properties = {} } = spec.versions[0]?.schema.openAPIV3Schema ?? {}
    return properties['spec']?.properties?.['sinks']
  })
  assert.ok(ofWebhook?.items !== undefined)
  assert.deepEqual(ofRoute?.items, ofWebhook.items)
})

test('what a field selector names is a text of the schema', () => {
  for (const { spec } of allCrds()) {
    const selectable = spec.versions[0]?.selectableFields ?? []
    assert.notEqual(selectable.length, 0, spec.names.kind)
    for (const { jsonPath } of selectable) {
      const place = places.find(({ path }) => path === `${spec.names.kind}${jsonPath}`)
      assert.equal(place?.schema.type, 'string', jsonPath)
    }
  }
})
