import * as fc from 'fast-check'

import { isSection, type ValueSchema } from '../../../tools/value-schema.ts'
import { matchesSchema } from '../measures/matches-schema.ts'

/**
 * What to draw instead at a path such as `receiver.resources`, or wherever the last names of the path are these: rules
 * that no schema says.
 */
export type Instead = Readonly<Record<string, fc.Arbitrary<unknown>>>

/**
 * Any value that a schema takes, biased to what YAML, templates and merges get wrong. Of the levels of the values any
 * part may be missing: they have defaults.
 */
export function valuesOf(schema: ValueSchema, instead: Instead, path = ''): fc.Arbitrary<unknown> {
  const own = Object.entries(instead).find(([end]) => path === end || path.endsWith(`.${end}`))?.[1]
  if (own !== undefined) return own
  const drawn = unguarded(schema, instead, path)
  const isBuilt = schema.anyOf === undefined && schema.oneOf === undefined && schema.not === undefined
  return isBuilt ? drawn : drawn.filter((value) => matchesSchema(schema, value))
}

function unguarded(schema: ValueSchema, instead: Instead, path: string): fc.Arbitrary<unknown> {
  const branches = schema.oneOf ?? schema.anyOf
  if (branches !== undefined)
    return fc.oneof(...branches.map((branch) => unguarded(withBranch(schema, branch), instead, path)))
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum)
  return fc.oneof(...[schema.type ?? 'object'].flat().map((type) => ofType(type, schema, instead, path)))
}

/** One way of several: what it requires is there, and what only the other ways require is not. */
function withBranch({ oneOf, anyOf, ...schema }: ValueSchema, branch: ValueSchema): ValueSchema {
  const isExclusive = oneOf !== undefined
  const ofOthers = (oneOf ?? anyOf ?? []).flatMap(({ required = [] }) => required)
  const unwanted = new Set(isExclusive ? ofOthers.filter((key) => !(branch.required ?? []).includes(key)) : [])
  const properties = Object.entries({ ...schema.properties, ...branch.properties }).filter(
    ([key]) => !unwanted.has(key),
  )
  return {
    ...schema,
    ...branch,
    ...(properties.length > 0 && { properties: Object.fromEntries(properties) }),
    required: [...(schema.required ?? []), ...(branch.required ?? [])],
  }
}

function ofType(type: string, schema: ValueSchema, instead: Instead, path: string): fc.Arbitrary<unknown> {
  switch (type) {
    case 'boolean':
      return fc.boolean()
    case 'integer':
    case 'number':
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 1_000_000 })
    case 'string':
      return texts(schema)
    case 'array':
      return lists(schema, instead, path)
    case 'object':
      return schema.properties === undefined ? maps(schema) : objects(schema, instead, path)
    default:
      throw new Error(`${path}: nobody can draw a ${type}`)
  }
}

/** YAML reads the bare ones as something else; templates and quotes are hurt by the others. */
const oddTexts = ['', '1', '0123', '1e3', '0x1f', '1.0', '.5', 'true', 'no', 'null', 'y', '~', '-', 'a']
const oddFreeTexts = [
  "it's",
  '"',
  '{{ fail "x" }}',
  'a: b',
  '- a',
  '# no',
  'ü',
  'two\nlines',
  ' padded ',
  '*a',
  '&a',
  '%',
  '@',
  '[',
  '{',
]

function texts({ pattern, maxLength = 250 }: ValueSchema): fc.Arbitrary<string> {
  if (pattern === undefined)
    return fc.oneof(fc.constantFrom(...oddTexts, ...oddFreeTexts), fc.string({ maxLength: 20 }))
  const regexp = new RegExp(pattern)
  const odd = oddTexts.filter((text) => regexp.test(text))
  const drawn = fc.stringMatching(regexp).filter((text) => text.length <= maxLength)
  return odd.length === 0 ? drawn : fc.oneof(drawn, fc.constantFrom(...odd))
}

function lists({ items = {}, minItems = 0, maxItems = 3 }: ValueSchema, instead: Instead, path: string) {
  return fc.uniqueArray(valuesOf(items, instead, `${path}[]`), {
    minLength: minItems,
    maxLength: Math.max(minItems, Math.min(maxItems, 3)),
    selector: keyOf,
  })
}

/** By what Kubernetes tells the entries of a list apart. */
function keyOf(value: unknown): string {
  const { mountPath, topologyKey, path, name, ip } = value as Readonly<Record<string, string | undefined>>
  return mountPath ?? topologyKey ?? path ?? name ?? ip ?? JSON.stringify(value)
}

function objects({ properties = {}, ...schema }: ValueSchema, instead: Instead, path: string) {
  const members = Object.entries(properties).map(([key, inner]) => [
    key,
    valuesOf(inner, instead, path === '' ? key : `${path}.${key}`),
  ])
  const requiredKeys = isSection({ properties }) ? [] : (schema.required ?? [])
  return fc.record(Object.fromEntries(members) as Record<string, fc.Arbitrary<unknown>>, { requiredKeys })
}

/** Few, so that maps that are merged have some in common. */
const commonKeys = [
  'team',
  'a',
  'example.com/owner',
  'kubectl.kubernetes.io/default-container',
  'app.kubernetes.io/part-of',
]
const ownKeys = ['app.kubernetes.io/name', 'app.kubernetes.io/component', 'helm.sh/hook', 'helm.sh/resource-policy']

function maps({ propertyNames = { type: 'string' }, additionalProperties }: ValueSchema): fc.Arbitrary<object> {
  if (typeof additionalProperties !== 'object') return fc.constant({})
  const common = [...commonKeys, ...ownKeys].filter((key) => matchesSchema(propertyNames, key))
  const drawn = texts(propertyNames).filter((key) => matchesSchema(propertyNames, key))
  const keys = common.length === 0 ? drawn : fc.oneof(drawn, fc.constantFrom(...common))
  return fc.dictionary(keys, valuesOf(additionalProperties, {}), { maxKeys: 4, noNullPrototype: true })
}
