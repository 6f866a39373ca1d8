import * as z from 'zod'

import { parseCursor } from './cursor.ts'

/** Longest value of a field: a delivery id of namespace, name, event and sink at their longest. */
export const maxTextCharacters = 512
const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/i

const noText = {
  error: ({ path = [] }: { path?: readonly PropertyKey[] | undefined }) =>
    `${path.map(String).join('.')} is no text of 1 to ${maxTextCharacters} characters`,
}

export const text = z.string(noText).min(1, noText).max(maxTextCharacters, noText)

export function oneOf<const Words extends readonly string[]>(words: Words, error: string) {
  return text.pipe(z.enum(words, error))
}

/** Read as milliseconds since the epoch. */
export const time = text
  .refine(
    (value) => rfc3339.test(value) && !Number.isNaN(Date.parse(value)),
    'since and until are times such as 2026-11-21T12:00:00Z',
  )
  .transform((value) => Date.parse(value))

/** Where the page before ended. */
export const cursor = text.transform((value, context) => {
  const parsed = parseCursor(value)
  if (parsed !== undefined) return parsed
  context.addIssue('cursor is none of a page before')
  return z.NEVER
})

/** A whole number from 1 to `max`: digits in a query, in JSON a number too. */
export function limitUpTo(max: number) {
  const error = `limit is not 1 to ${max}`
  return z
    .union([z.number(), z.string()], error)
    .transform(Number)
    .pipe(z.number(error).int(error).min(1, error).max(max, error))
}

/** These fields and no others: a misspelt one would select more than was meant. */
export function only<const Shape extends z.ZodRawShape>(shape: Shape, named: readonly string[] = Object.keys(shape)) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? `a field is not one of ${named.join(', ')}` : undefined),
  })
}
