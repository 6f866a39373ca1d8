import { parseArgs } from 'node:util'

import { parse as parseYaml } from 'yaml'

import { envPrefix, namesOf, nearestName } from './names.ts'
import type { SettingsTable } from './setting.ts'

/** What one source says about one setting: still text. */
export interface Given {
  /** As an error names it: `--port`, `GWH_PORT`, `port in /etc/gwh/receiver.yaml`. */
  readonly where: string
  readonly text: string | readonly string[]
}

export interface SourceReading {
  /** By property of the table. */
  given: Map<string, Given>
  errors: string[]
}

export type Environment = Readonly<Record<string, string | undefined>>

/** Commas between the entries; empty ones do not count. */
export const splitList = (text: string) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')

interface FlagReading extends SourceReading {
  help: boolean
  /** What stands between the flags, and everything after `--`. */
  names: string[]
}

/**
 * Flags of one role, anywhere among the names: `--name value` or `--name=value`; a boolean also as `--name` and
 * `--no-name`. One with a letter also as `-n value`, `-n=value` and `-nvalue`.
 */
export function readFlags(table: SettingsTable, args: readonly string[]): FlagReading {
  const byFlag = new Map(Object.keys(table).map((property) => [namesOf(property).flag.slice(2), property]))
  const options = Object.fromEntries(
    [...byFlag].map(([flag, property]) => [
      flag,
      {
        type: table[property]?.shape === 'boolean' ? ('boolean' as const) : ('string' as const),
        ...(table[property]?.short !== undefined && { short: table[property].short }),
      },
    ]),
  )
  const known = { ...options, config: { type: 'string' as const } }
  const { tokens } = parseArgs({ args: [...args], options: known, strict: false, allowNegative: true, tokens: true })
  const reading: FlagReading = { given: new Map(), errors: [], help: false, names: [] }
  for (const token of tokens) {
    if (token.kind === 'positional') reading.names.push(token.value)
    if (token.kind !== 'option' || token.name === 'config') continue
    if (['--help', '-h'].includes(token.rawName)) {
      reading.help = true
      continue
    }
    takeFlag(reading, table, byFlag, token)
  }
  return reading
}

interface OptionToken {
  name: string
  rawName: string
  value: string | undefined
}

function takeFlag(
  reading: SourceReading,
  table: SettingsTable,
  byFlag: ReadonlyMap<string, string>,
  { name, rawName, value }: OptionToken,
): void {
  const property = byFlag.get(name)
  const setting = property === undefined ? undefined : table[property]
  if (property === undefined || setting === undefined) {
    reading.errors.push(
      unknownName(
        rawName,
        [...byFlag.keys()].map((flag) => `--${flag}`),
      ),
    )
    return
  }
  const implied = setting.shape === 'boolean' ? String(!rawName.startsWith('--no-')) : undefined
  const text = withoutEquals(rawName, value) ?? implied
  if (text === undefined) {
    reading.errors.push(`${rawName}: has no value; write ${rawName}=${setting.placeholder}`)
    return
  }
  const earlier = reading.given.get(property)
  if (setting.shape === 'list') {
    const before = Array.isArray(earlier?.text) ? (earlier.text as readonly string[]) : []
    reading.given.set(property, { where: rawName, text: [...before, ...splitList(text)] })
  } else if (earlier === undefined) {
    reading.given.set(property, { where: rawName, text })
  } else {
    reading.errors.push(`${rawName}: was given more than once; give it once`)
  }
}

/** `-o=json` means `-o json`, as in kubectl. */
function withoutEquals(rawName: string, value: string | undefined): string | undefined {
  return rawName.startsWith('--') ? value : value?.replace(/^=/, '')
}

/** `GWH_...` variables; an empty one counts as not set, because templates often leave empty ones behind. */
export function readEnvironment(table: SettingsTable, env: Environment): SourceReading {
  const byEnv = new Map(Object.keys(table).map((property) => [namesOf(property).env, property]))
  const reading: SourceReading = { given: new Map(), errors: [] }
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(envPrefix) || name === configFileVariable || text === undefined || text === '') continue
    if (isServiceLink(name, text, env)) continue
    const property = byEnv.get(name)
    if (property === undefined) reading.errors.push(unknownName(name, [...byEnv.keys()]))
    else reading.given.set(property, { where: name, text: table[property]?.shape === 'list' ? splitList(text) : text })
  }
  return reading
}

/**
 * Variables that other programs know too, such as HTTPS_PROXY; the last of all sources, so that settings of our own
 * take precedence.
 */
export function readCommonVariables(table: SettingsTable, env: Environment): SourceReading {
  const reading: SourceReading = { given: new Map(), errors: [] }
  for (const [property, { alsoEnv = [], shape }] of Object.entries(table)) {
    const name = alsoEnv.find((candidate) => (env[candidate] ?? '') !== '')
    const text = name === undefined ? undefined : env[name]
    if (name === undefined || text === undefined) continue
    reading.given.set(property, { where: name, text: shape === 'list' ? splitList(text) : text })
  }
  return reading
}

/**
 * Kubernetes puts `<SERVICE>_SERVICE_HOST`, `<SERVICE>_PORT=tcp://...` and relatives into every pod for each Service of
 * the namespace. A Service named `gwh-receiver` would otherwise keep the program from starting.
 */
function isServiceLink(name: string, text: string, env: Environment): boolean {
  const service = /^(.+?)_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$/.exec(
    name,
  )?.[1]
  if (service === undefined || env[`${service}_SERVICE_HOST`] === undefined) return false
  // `GWH_HEALTH_PORT=9090` may be ours although a Service `gwh-health` exists; Kubernetes would have written a URL.
  return name !== `${service}_PORT` || /^(tcp|udp|sctp):\/\//.test(text)
}

/**
 * A YAML or JSON file with one key per setting. Every scalar is read as the text that stands there: `017` stays `017`.
 */
export function readFileText(table: SettingsTable, file: { path: string; text: string }): SourceReading {
  const byKey = new Map(Object.keys(table).map((property) => [namesOf(property).key, property]))
  const reading: SourceReading = { given: new Map(), errors: [] }
  const document = parseMapping(file)
  if (typeof document === 'string') return { ...reading, errors: [document] }
  for (const [key, value] of document) {
    const property = byKey.get(key)
    const where = `${key} in ${file.path}`
    if (property === undefined) reading.errors.push(unknownName(where, [...byKey.keys()], key))
    else if (isText(value, table[property]?.shape === 'list')) {
      const list = table[property]?.shape === 'list' && typeof value === 'string'
      reading.given.set(property, { where, text: list ? splitList(value) : value })
    } else
      reading.errors.push(`${where}: is not ${table[property]?.shape === 'list' ? 'a list of texts' : 'one value'}`)
  }
  return reading
}

function isText(value: unknown, list: boolean): value is string | string[] {
  if (typeof value === 'string') return true
  return list && Array.isArray(value) && value.every((entry) => typeof entry === 'string')
}

function parseMapping(file: { path: string; text: string }): [string, unknown][] | string {
  try {
    const document: unknown = parseYaml(file.text, { schema: 'failsafe', maxAliasCount: 0 })
    if (document === null || document === '') return []
    if (typeof document === 'object' && !Array.isArray(document)) return Object.entries(document)
    return `${file.path}: is not a mapping; write one "setting: value" per line`
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '').replace(/:$/, '') : ''
    return `${file.path}: is not YAML or JSON: ${reason}`
  }
}

const configFileVariable = `${envPrefix}CONFIG`

/** Which file to read, before anything else is looked at: `--config`, else `GWH_CONFIG`, else none. */
export function configFilePath(args: readonly string[], env: Environment): string | undefined {
  const options = { config: { type: 'string' as const } }
  const { values } = parseArgs({ args: [...args], options, strict: false })
  const path = values.config ?? env[configFileVariable]
  return typeof path === 'string' && path !== '' ? path : undefined
}

function unknownName(where: string, known: readonly string[], given = where): string {
  const nearest = nearestName(given, known)
  return `${clip(where)}: unknown setting; ${nearest === undefined ? 'remove it, --help lists all settings' : `did you mean ${nearest}?`}`
}

/** Keeps an accident (a key pasted into the wrong place) from being printed in full. */
export function clip(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}...`
}
