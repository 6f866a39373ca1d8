import { sortedJson } from './json.ts'
import type { StatusCause } from './status-error.ts'

/** One thing that is wrong with one field, worded as a real server words it. */
export type FieldError = StatusCause

/** The path that stands for the object as a whole, printed as Go prints a nil path. */
export const wholeObject = '<nil>'

const valueOmitted = Symbol('value omitted')

export function invalidValue(field: string, detail: string, value: unknown = valueOmitted): FieldError {
  const shown = value === valueOmitted ? '' : `${sortedJson(value)}: `
  return { reason: 'FieldValueInvalid', message: `Invalid value: ${shown}${detail}`, field }
}

export function wrongType(field: string, detail: string, value: unknown): FieldError {
  return { reason: 'FieldValueTypeInvalid', message: `Invalid value: ${sortedJson(value)}: ${detail}`, field }
}

export function required(field: string, detail = ''): FieldError {
  return {
    reason: 'FieldValueRequired',
    message: detail === '' ? 'Required value' : `Required value: ${detail}`,
    field,
  }
}

export function duplicate(field: string, value: unknown = valueOmitted): FieldError {
  const shown = value === valueOmitted ? '' : `: ${sortedJson(value)}`
  return { reason: 'FieldValueDuplicate', message: `Duplicate value${shown}`, field }
}

export function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((one) => JSON.stringify(one)).join(', ')
  return {
    reason: 'FieldValueNotSupported',
    message: `Unsupported value: ${sortedJson(value)}: supported values: ${list}`,
    field,
  }
}

export function forbiddenField(field: string, detail: string): FieldError {
  return { reason: 'FieldValueForbidden', message: `Forbidden: ${detail}`, field }
}

export function tooLong(field: string, maxBytes: number): FieldError {
  return { reason: 'FieldValueTooLong', message: `Too long: may not be more than ${maxBytes} bytes`, field }
}

export function tooMany(field: string, count: number, max: number): FieldError {
  return { reason: 'FieldValueTooMany', message: `Too many: ${count}: must have at most ${max} items`, field }
}
