import { isIP } from 'node:net'

import * as z from 'zod'

import { ok, problem, type Result } from '../result.ts'
import { parseDuration, parseSize } from './quantities.ts'
import type { Completion, Presence, Setting } from './setting.ts'

/**
 * The kinds of values that settings may have. Each takes where it stands in the help, what it does, and its default.
 */

interface Words {
  group: string
  help: string
  short?: string
  completes?: Completion
  ignoresEnvironment?: true
  alsoEnv?: readonly string[]
}

interface WithDefault extends Words {
  default: string
}

const withDefault = (text: string): Presence => ({ type: 'default', text })

function fromText<T>(read: (text: string) => Result<T>): z.ZodType<T, string> {
  return z.string().transform((text, context) => {
    const result = read(text)
    if (result.ok) return result.value
    context.addIssue({ code: 'custom', message: result.problem })
    return z.NEVER
  })
}

export function boolean({ default: text, ...words }: WithDefault): Setting<boolean> {
  const schema = fromText((given) => {
    if (given === 'true' || given === 'false') return ok(given === 'true')
    return problem('is neither true nor false; write one of the two')
  })
  return { ...words, shape: 'boolean', placeholder: 'true|false', schema, presence: withDefault(text) }
}

export function integer({ min, max, default: text, ...words }: WithDefault & { min: number; max: number }) {
  const schema = fromText((given) => {
    const value = /^\d{1,15}$/.test(given) ? Number(given) : Number.NaN
    if (value >= min && value <= max) return ok(value)
    return problem(`is not a whole number from ${min} to ${max}`)
  })
  return { ...words, shape: 'scalar', placeholder: 'NUMBER', schema, presence: withDefault(text) } as const
}

export function decimal({ min, max, default: text, ...words }: WithDefault & { min: number; max: number }) {
  const schema = fromText((given) => {
    const value = /^\d{1,9}(\.\d{1,6})?$/.test(given) ? Number(given) : Number.NaN
    if (value >= min && value <= max) return ok(value)
    return problem(`is not a number from ${min} to ${max}`)
  })
  return { ...words, shape: 'scalar', placeholder: 'DECIMAL', schema, presence: withDefault(text) } as const
}

/** A TCP port; 0 lets the system choose a free one, which the log names. */
export function port(words: WithDefault): Setting<number> {
  return { ...integer({ ...words, min: 0, max: 65_535 }), placeholder: 'PORT' }
}

/** Milliseconds, written `500ms`, `10s`, `1h30m`; a bare number is refused because its unit would be a guess. */
export function duration({ min, max, default: text, ...words }: WithDefault & { min: string; max: string }) {
  const [minMs, maxMs] = [requireValue(parseDuration(min)), requireValue(parseDuration(max))]
  const schema = fromText((given) => {
    const parsed = parseDuration(given)
    if (!parsed.ok || (parsed.value >= minMs && parsed.value <= maxMs)) return parsed
    return problem(`is outside ${min} to ${max}`)
  })
  return { ...words, shape: 'scalar', placeholder: 'DURATION', schema, presence: withDefault(text) } as const
}

/** Bytes, written `64KiB`, `2GiB`, `1500B`. */
export function size({ min, max, default: text, ...words }: WithDefault & { min: string; max: string }) {
  const [minBytes, maxBytes] = [requireValue(parseSize(min)), requireValue(parseSize(max))]
  const schema = fromText((given) => {
    const parsed = parseSize(given)
    if (!parsed.ok || (parsed.value >= minBytes && parsed.value <= maxBytes)) return parsed
    return problem(`is outside ${min} to ${max}`)
  })
  return { ...words, shape: 'scalar', placeholder: 'SIZE', schema, presence: withDefault(text) } as const
}

export function oneOf<const Word extends string>({
  words: allowed,
  default: text,
  ...words
}: WithDefault & { words: readonly Word[] }): Setting<Word> {
  const schema = fromText((given) => {
    const value = allowed.find((word) => word === given)
    return value === undefined ? problem(`is not one of ${allowed.join(', ')}`) : ok(value)
  })
  const placeholder = allowed.join('|')
  return { ...words, shape: 'scalar', placeholder, words: allowed, schema, presence: withDefault(text) }
}

/** Text that matches a pattern; `shape` says the pattern in words, e.g. "a namespace name such as gemini". */
interface TextRule extends Words {
  placeholder: string
  pattern: RegExp
  what: string
}

const textSchema = ({ pattern, what }: TextRule) =>
  fromText((given) => (pattern.test(given) ? ok(given) : problem(`is not ${what}`)))

export function text(rule: TextRule & { default: string }): Setting<string> {
  const { default: fallback, ...words } = rule
  return { ...shown(words), shape: 'scalar', schema: textSchema(rule), presence: withDefault(fallback) }
}

export function optionalText(rule: TextRule): Setting<string | undefined> {
  return { ...shown(rule), shape: 'scalar', schema: textSchema(rule).optional(), presence: { type: 'optional' } }
}

/** A list, empty unless a default is given: commas between the entries, or a list in the file. */
export function textList({ default: text = '', ...rule }: TextRule & { default?: string }): Setting<readonly string[]> {
  const schema = z.array(textSchema(rule)).max(1000, 'has more than 1000 entries')
  return { ...shown(rule), shape: 'list', schema, presence: withDefault(text) }
}

const shown = ({ pattern: _pattern, what: _what, ...words }: TextRule) => words

export function optionalPath(words: Words): Setting<string | undefined> {
  return optionalText({ ...words, placeholder: 'FILE', pattern: /^.{1,4096}$/, what: 'a path' })
}

/**
 * A proxy, its user and password included; `proxy:3128` means http://. Optional. What is shown of it is the address
 * alone.
 */
export function proxyUrl(words: Words): Setting<string | undefined> {
  const schema = fromText((given) => {
    const url = proxyIn(given)
    if (url === null) return problem('is not the URL of a proxy such as http://proxy.example.com:3128')
    if (!['http:', 'https:'].includes(url.protocol))
      return problem(`uses ${url.protocol}//; only http:// and https:// proxies are supported`)
    return ok(url.href)
  })
  return {
    ...words,
    shape: 'scalar',
    placeholder: 'URL',
    schema: schema.optional(),
    presence: { type: 'optional' },
    show: addressOfProxy,
  }
}

/** What may be seen of it. */
const addressOfProxy = (text: string) => proxyIn(text)?.origin ?? '[hidden]'

function proxyIn(text: string): URL | null {
  return URL.parse(/^[a-z0-9+.-]+:\/\//i.test(text) ? text : `http://${text}`)
}

/** Address ranges such as 10.0.0.0/8 or fd00::/8. */
export function cidrList(words: Words): Setting<readonly string[]> {
  const entry = fromText((given) =>
    isCidr(given) ? ok(given) : problem('is not an address range such as 10.0.0.0/8 or fd00::/8'),
  )
  const schema = z.array(entry).max(1000, 'has more than 1000 entries')
  return { ...words, shape: 'list', placeholder: 'CIDR,...', schema, presence: { type: 'default', text: '' } }
}

function isCidr(given: string): boolean {
  const match = /^([0-9A-Fa-f.:]+)\/(\d{1,3})$/.exec(given)
  const version = isIP(match?.[1] ?? '')
  return version !== 0 && Number(match?.[2]) <= (version === 4 ? 32 : 128)
}

const urlSchema = fromText((given) => {
  const url = URL.parse(given)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    return problem('is not a URL that starts with https:// (or http://)')
  }
  if (url.username !== '' || url.password !== '') return problem('carries a user name or password; leave them out')
  if (url.search !== '' || url.hash !== '') return problem('carries a ? or # part; leave it out')
  return ok(given.replace(/\/+$/, ''))
})

/** An http(s) URL without credentials, query and fragment; a trailing slash is cut. */
export function url({ default: text, ...words }: WithDefault): Setting<string> {
  return { ...words, shape: 'scalar', placeholder: 'URL', schema: urlSchema, presence: withDefault(text) }
}

export function requiredUrl(words: Words): Setting<string> {
  return { ...words, shape: 'scalar', placeholder: 'URL', schema: urlSchema, presence: { type: 'required' } }
}

/** The same, optional. Logs and errors show its host alone: at some services the rest is a key. */
export function optionalUrl(words: Words): Setting<string | undefined> {
  return {
    ...words,
    shape: 'scalar',
    placeholder: 'URL',
    schema: urlSchema.optional(),
    presence: { type: 'optional' },
    show: originOf,
  }
}

function originOf(text: string): string {
  const url = URL.parse(text)
  return url !== null && ['http:', 'https:'].includes(url.protocol) ? url.origin : '[hidden]'
}

function requireValue(parsed: Result<number>): number {
  if (!parsed.ok) throw new Error(`a bound in the settings table ${parsed.problem}`)
  return parsed.value
}
