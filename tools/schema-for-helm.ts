import type { ValueSchema } from './value-schema.ts'

/** What Helm reads besides what we write: keys by their pattern, and values that are refused wherever they stand. */
export interface HelmSchema {
  [keyword: string]: unknown
}

/**
 * The same schema in words of which Helm's messages are right. It tells a wrong key of a map, `propertyNames`, at a
 * place that has nothing to do with it, such as `/ingress/className` for a label of pods. So keys are a pattern with
 * nothing beside it, and the refused ones are values that nothing fits. Only what is too long, which no pattern can
 * say, is left to `propertyNames`.
 */
export function schemaForHelm(schema: ValueSchema): HelmSchema {
  const { propertyNames, additionalProperties, properties, items, anyOf, oneOf, not, ...others } = schema
  const inner = typeof additionalProperties === 'object' ? schemaForHelm(additionalProperties) : additionalProperties
  return {
    ...others,
    ...(properties !== undefined && {
      properties: Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, schemaForHelm(value)])),
    }),
    ...(items !== undefined && { items: schemaForHelm(items) }),
    ...(anyOf !== undefined && { anyOf: anyOf.map(schemaForHelm) }),
    ...(oneOf !== undefined && { oneOf: oneOf.map(schemaForHelm) }),
    ...(not !== undefined && { not: schemaForHelm(not) }),
    ...(propertyNames?.pattern === undefined
      ? {
          ...(propertyNames !== undefined && { propertyNames }),
          ...(inner !== undefined && { additionalProperties: inner }),
        }
      : keysOf(propertyNames, propertyNames.pattern, inner)),
  }
}

function keysOf({ maxLength, not }: ValueSchema, pattern: string, inner: unknown): HelmSchema {
  return {
    ...(not?.enum !== undefined && { properties: Object.fromEntries(not.enum.map((key) => [key, false])) }),
    ...(maxLength !== undefined && { propertyNames: { maxLength } }),
    patternProperties: { [pattern]: inner },
    additionalProperties: false,
  }
}
