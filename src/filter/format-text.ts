import { TooLargeError } from './encode-json.ts'
import { maxResultBytes } from './result-limits.ts'
import { timeText } from './time-text.ts'

/** Of one number, as wide as it may be made. */
export const maxFormattedCharacters = 64

/** At one place of the template; with names, which are slow, as there are no more of them than values. */
const verb = /%(?:(?<text>s)|(?:0(?<width>\d{1,2}))?(?<whole>d)|(?:\.(?<digits>\d{1,2}))?(?<real>f))/y
const defaultDigits = 6
const mostDigits = 20

/**
 * Fills `%s` (a text, a bool, a number, a time or a duration), `%d` and `%05d` (a whole number), `%f` and `%.2f` (a
 * number) in, one value of the list each; `%%` is a percent sign. Throws where values are missing, left over or of
 * another kind, as the language does.
 */
export function formatText(template: string, values: readonly unknown[]): string {
  let taken = 0
  let text = ''
  let from = 0
  const add = (piece: string, until: number) => {
    text += piece
    from = until
    if (text.length > maxResultBytes) throw new TooLargeError()
  }
  for (let at = template.indexOf('%'); at !== -1; at = template.indexOf('%', from)) {
    add(template.slice(from, at), at)
    if (template[at + 1] === '%') {
      add('%', at + 2)
      continue
    }
    if (taken === values.length) throw new Error('more verbs than values')
    verb.lastIndex = at
    const { 0: whole, groups = {} } = verb.exec(template) ?? { 0: '' }
    add(pieceOf(whole, groups, values[taken++]), at + whole.length)
  }
  add(template.slice(from), template.length)
  if (taken < values.length) throw new Error('more values than verbs')
  return text
}

function pieceOf(whole: string, groups: Readonly<Record<string, string | undefined>>, value: unknown): string {
  if (groups['text'] !== undefined) return plainText(value)
  if (groups['whole'] !== undefined) return padded(wholeText(value), Number(groups['width'] ?? 0))
  if (groups['real'] !== undefined) return realText(value, Number(groups['digits'] ?? defaultDigits))
  throw new Error(`unknown verb ${whole}`)
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
