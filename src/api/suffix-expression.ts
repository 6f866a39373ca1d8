import type { FilterSpec } from './sink.ts'

/**
 * The suffixes of a filter as an expression: what receivers are told of them, so that one of any version judges them
 * alike. Types are alternatives, so that those asked for in other ways stand in it as well. Undefined without
 * suffixes. Pure.
 */
export function suffixExpressionOf(filter: FilterSpec | undefined): string | undefined {
  const parts = [...typesIn(filter), ...metadataIn(filter)]
  return parts.length === 0 ? undefined : parts.join(' && ')
}

/** The filter without its suffixes and without what stands in their expression. Pure. */
export function withoutSuffixes({ types, metadata, ...rest }: FilterSpec): FilterSpec {
  const { suffix: _ends, ...compared } = metadata ?? {}
  return {
    ...rest,
    ...(types !== undefined && !hasTypeSuffix(types) && { types }),
    ...(metadata !== undefined && { metadata: compared }),
  }
}

/** Both have to hold. A line of its own ends a comment that one of them ends with. Pure. */
export function bothHold(expressions: readonly string[]): string | undefined {
  return expressions.length < 2 ? expressions[0] : expressions.map((cel) => `(${cel}\n)`).join(' && ')
}

type Types = NonNullable<FilterSpec['types']>

function hasTypeSuffix({ suffix = [] }: Types): boolean {
  return suffix.length > 0
}

function typesIn({ types }: FilterSpec = {}): string[] {
  if (types === undefined || !hasTypeSuffix(types)) return []
  const { exact = [], prefix = [], suffix = [] } = types
  const ways = [
    ...(exact.length === 0 ? [] : [`event.type in ${listOf(exact)}`]),
    ...anyOf(prefix, 'startsWith'),
    ...anyOf(suffix, 'endsWith'),
  ]
  return [`(${ways.join(' || ')})`]
}

/** A loop over many is shorter than as many calls: expressions have a bound on their length. */
function anyOf(texts: readonly string[], method: 'startsWith' | 'endsWith'): string[] {
  const [first] = texts
  if (first === undefined) return []
  if (texts.length === 1) return [`event.type.${method}(${textOf(first)})`]
  return [`${listOf(texts)}.exists(part, event.type.${method}(part))`]
}

function metadataIn({ metadata }: FilterSpec = {}): string[] {
  return Object.entries(metadata?.suffix ?? {}).map(([key, suffix]) => {
    const value = `event.metadata[${textOf(key)}]`
    return `${textOf(key)} in event.metadata && type(${value}) == string && ${value}.endsWith(${textOf(suffix)})`
  })
}

function listOf(texts: readonly string[]): string {
  return `[${texts.map(textOf).join(', ')}]`
}

/** The escapes of JSON are those of expressions, too. */
function textOf(text: string): string {
  return JSON.stringify(text)
}
