import { isRecord } from '../is-record.ts'
import { maxResultBytes } from './result-limits.ts'
import { timeText } from './time-text.ts'

/** Of the result of an expression: what it holds has no form in JSON, such as a type or a number without end. */
export class NotJsonError extends Error {}
/** It would be larger than results may be. */
export class TooLargeError extends Error {}

/**
 * A value of the language as JSON. Times become RFC 3339, durations a number of seconds such as `90s`, bytes base64;
 * whole numbers keep all their digits. Stops at the first character beyond `maxResultBytes`, whatever follows: values
 * may be far larger than what they are made of, because they hold one part many times.
 */
export function encodeJson(value: unknown): string {
  const writer = new JsonWriter()
  writer.write(value)
  return writer.text
}

class JsonWriter {
  text = ''

  write(value: unknown): void {
    switch (typeof value) {
      case 'string':
        return this.#writeText(value)
      case 'bigint':
      case 'boolean':
        return this.#add(String(value))
      case 'number':
        if (!Number.isFinite(value)) throw new NotJsonError()
        return this.#add(JSON.stringify(value))
      case 'object':
        return this.#writeObject(value)
      default:
        throw new NotJsonError()
    }
  }

  #writeObject(value: object | null): void {
    if (value === null) return this.#add('null')
    if (Array.isArray(value)) return this.#writeList(value)
    if (value instanceof Map) return this.#writeMap(value)
    if (value instanceof Uint8Array) return this.#writeText(Buffer.from(value).toString('base64'))
    if (isRecord(value) && Object.getPrototypeOf(value) === Object.prototype) {
      return this.#writeMap(new Map(Object.entries(value)))
    }
    const time = timeText(value)
    if (time !== undefined) return this.#writeText(time)
    // The unsigned numbers of the language.
    const number: unknown = value.valueOf()
    if (typeof number !== 'bigint') throw new NotJsonError()
    this.#add(String(number))
  }

  #writeList(list: readonly unknown[]): void {
    this.#add('[')
    for (const [at, value] of list.entries()) {
      if (at > 0) this.#add(',')
      this.write(value)
    }
    this.#add(']')
  }

  #writeMap(map: ReadonlyMap<unknown, unknown>): void {
    this.#add('{')
    let isFirst = true
    for (const [key, value] of map) {
      if (typeof key !== 'string') throw new NotJsonError()
      if (!isFirst) this.#add(',')
      isFirst = false
      this.#writeText(key)
      this.#add(':')
      this.write(value)
    }
    this.#add('}')
  }

  #writeText(text: string): void {
    // Before it is looked at: no escape makes it shorter.
    if (this.text.length + text.length > maxResultBytes) throw new TooLargeError()
    this.#add(JSON.stringify(text))
  }

  #add(piece: string): void {
    this.text += piece
    if (this.text.length > maxResultBytes) throw new TooLargeError()
  }
}
