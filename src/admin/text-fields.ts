/** Longest value of a field: a delivery id of namespace, name, event and sink at their longest. */
const maxCharacters = 512

export type Fields = Readonly<Record<string, unknown>>

export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxCharacters
}

/** What is wrong with the fields: one that is not `known` (a misspelt one would select more than was meant), or one that is no text. */
export function problemOfFields(
  fields: Fields,
  known: readonly string[],
  numbers: readonly string[],
): string | undefined {
  if (Object.keys(fields).some((field) => !known.includes(field))) return `a field is not one of ${known.join(', ')}`
  const wrong = known.find((field) => !numbers.includes(field) && fields[field] !== undefined && !isText(fields[field]))
  return wrong === undefined ? undefined : `${wrong} is no text of 1 to ${maxCharacters} characters`
}

/** A whole number from 1 to `max`, from JSON or from a query; NaN for anything else. */
export function countOf(value: unknown, max: number): number {
  const count = typeof value === 'number' || isText(value) ? Number(value) : Number.NaN
  return Number.isInteger(count) && count >= 1 && count <= max ? count : Number.NaN
}
