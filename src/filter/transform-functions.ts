import type { Environment } from '@marcbachmann/cel-js'

import { encodeJson, TooLargeError } from './encode-json.ts'
import { formatText, maxFormattedCharacters } from './format-text.ts'
import { asText, type CostRule, type Extent } from './function-costs.ts'
import { maxResultBytes } from './result-limits.ts'
import { timeText } from './time-text.ts'

const sync = { async: false } as const

/** What a message needs beside what a filter needs, by the names that CEL's own extensions have where there are any. */
export function registerTransformFunctions(environment: Environment): Environment {
  return environment
    .registerFunction('string.format(list): string', formatText, sync)
    .registerFunction('string.base64(): string', base64, sync)
    .registerFunction('json(dyn): string', encodeJson, sync)
    .registerFunction('string(google.protobuf.Timestamp): string', timeText, sync)
    .registerFunction('string(google.protobuf.Duration): string', timeText, sync)
}

function base64(text: string): string {
  const encoded = Buffer.from(text).toString('base64')
  if (encoded.length > maxResultBytes) throw new TooLargeError()
  return encoded
}

/** What is built in one go is copied once, many times faster than it is looked at. */
const copyUnits = (characters: number) => characters / 256
const capped = (characters: number) => asText(Math.min(characters, maxResultBytes))
/** Three bytes of UTF-8 for a character, as four. */
const base64PerCharacter = 4
/** An escape such as `\u0000`. */
const jsonPerCharacter = 6
/** A number with all its digits, and what stands between two values. */
const jsonPerValue = 32

/** What a value costs to be written as JSON: it is looked at once, and its texts are copied. */
export function encodingUnits({ weight }: Extent): number {
  return weight / 4
}

export const transformMethodCosts: ReadonlyMap<string, CostRule> = new Map<string, CostRule>([
  [
    'join',
    (on, separator) => {
      const characters = on.text + on.items * separator.longest
      return { units: on.items + copyUnits(characters), extent: asText(characters) }
    },
  ],
  [
    'format',
    (on, values) => {
      const characters = on.text + values.text + values.items * maxFormattedCharacters
      return { units: on.text / 16 + values.items + copyUnits(characters), extent: capped(characters) }
    },
  ],
  ['base64', (on) => ({ units: on.text / 64, extent: capped(on.text * base64PerCharacter + 4) })],
])

export const transformFunctionCosts: ReadonlyMap<string, CostRule> = new Map<string, CostRule>([
  [
    'json',
    (on) => ({
      units: encodingUnits(on),
      extent: capped(on.text * jsonPerCharacter + on.weight * jsonPerValue),
    }),
  ],
])
