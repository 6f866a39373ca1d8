import { TooLargeError } from './encode-json.ts'
import { maxResultBytes } from './result-limits.ts'
import { timeText } from './time-text.ts'

/** Of one number, as wide as it may be made. */
export const maxFormattedCharacters = 64

const verb = /%(?:(?<percent>%)|(?<text>s)|(?:0(?<width>\d{1,2}))?(?<whole>d)|(?:\.(?<digits>\d{1,2}))?(?<real>f))|%/g
const defaultDigits = 6
const mostDigits = 20

/**
 * Fills `%s` (a text, a bool, a number, a time or a duration), `%d` and `%05d` (a whole number), `%f` and `%.2f` (a
 * number) in, one value of the list each; `%%` is a percent sign. Throws where values are missing, left over or of
 * another kind, as the language does.
 */
export function formatText(template: string, values: readonly unknown[]): string {
  let taken = 0
  let length = 0
  const next = () => {
    if (taken === values.length) throw new Error('more verbs than values')
    return values[taken++]
  }
  const text = template.replaceAll(verb, (whole, ...rest) => {
    const groups = rest.at(-1) as Readonly<Record<string, string | undefined>>
    const piece = groups['percent'] ?? pieceOf(whole, groups, next())
    length += piece.length
    if (length > maxResultBytes) throw new TooLargeError()
    return piece
  })
  if (taken < values.length) throw new Error('more values than verbs')
  if (text.length > maxResultBytes) throw new TooLargeError()
  return text
}

function pieceOf(verbText: string, groups: Readonly<Record<string, string | undefined>>, value: unknown): string {
  if (groups['text'] !== undefined) return plainText(value)
  if (groups['whole'] !== undefined) return padded(wholeText(value), Number(groups['width'] ?? 0))
  if (groups['real'] !== undefined) return realText(value, Number(groups['digits'] ?? defaultDigits))
  throw new Error(`unknown verb ${verbText}`)
}

function plainText(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return value
    case 'bigint':
    case 'number':
    case 'boolean':
      return String(value)
    default: {
      const time = typeof value === 'object' && value !== null ? timeText(value) : undefined
      return time ?? wholeText(value)
    }
  }
}

/** Of an int, or of an unsigned number, which is an object to the library. */
function wholeText(value: unknown): string {
  const number: unknown = typeof value === 'object' ? value?.valueOf() : value
  if (typeof number !== 'bigint') throw new Error('no whole number')
  return String(number)
}

function realText(value: unknown, digits: number): string {
  if (digits > mostDigits) throw new Error('too many digits')
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new Error('no number')
  return Number(value).toFixed(digits)
}

function padded(number: string, width: number): string {
  if (width > maxFormattedCharacters) throw new Error('too wide')
  const [sign, digits] = number.startsWith('-') ? ['-', number.slice(1)] : ['', number]
  return sign + digits.padStart(width - sign.length, '0')
}
