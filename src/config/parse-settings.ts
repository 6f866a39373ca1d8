import { namesOf } from './names.ts'
import type { ConfigOf, NamesRule, RoleSettings, Setting, SettingsTable } from './setting.ts'
import {
  clip,
  readCommonVariables,
  readEnvironment,
  readFileText,
  readFlags,
  splitList,
  type Environment,
  type Given,
} from './sources.ts'

export interface SettingsInput {
  flags: readonly string[]
  env: Environment
  file?: { path: string; text: string } | undefined
}

export type ParsedSettings<Config> =
  | { type: 'config'; config: Config; names: readonly string[]; described: Readonly<Record<string, string>> }
  | { type: 'help' }
  /** Each names the source and the setting, says what was wrong and what to do. All of them, not just the first. */
  | { type: 'errors'; errors: string[] }

/**
 * Flags win over the environment, the environment over the file, the file over the defaults. Pure; the result is
 * frozen.
 */
export function parseSettings<Table extends SettingsTable>(
  role: RoleSettings<Table>,
  input: SettingsInput,
): ParsedSettings<ConfigOf<Table>> {
  const flags = readFlags(role.settings, input.flags)
  if (flags.help) return { type: 'help' }
  const sources = [
    flags,
    readEnvironment(role.settings, input.env),
    ...(input.file === undefined ? [] : [readFileText(role.settings, input.file)]),
    readCommonVariables(role.settings, input.env),
  ]
  const errors = [
    ...dangersIn(input.env),
    ...sources.flatMap((source) => source.errors),
    // The value of an unknown flag would count as a name.
    ...(flags.errors.length === 0 ? problemsOfNames(role.names, flags.names) : []),
  ]
  const values = new Map<string, unknown>()
  const described: Record<string, string> = {}
  for (const [property, setting] of Object.entries(role.settings)) {
    const given = sources.map((source) => source.given.get(property)).find((found) => found !== undefined)
    const value = valueOf(property, setting, given)
    if ('errors' in value) errors.push(...value.errors)
    else values.set(property, value.value)
    described[namesOf(property).key] = describe(setting, given)
  }
  if (errors.length > 0) return { type: 'errors', errors }
  // Every property of the table has been read with the table's own schema, which is what ConfigOf says.
  const config = Object.freeze(Object.fromEntries(values)) as ConfigOf<Table>
  const broken = role.check(config)
  return broken.length > 0
    ? { type: 'errors', errors: broken }
    : { type: 'config', config, names: flags.names, described }
}

function problemsOfNames(rule: NamesRule | undefined, names: readonly string[]): string[] {
  if (rule === undefined) return names.map((name) => `"${clip(name)}": unexpected argument; settings are --flags`)
  const { placeholder, min, max } = rule
  if (names.length >= min && names.length <= max) return []
  return [`takes ${min === max ? min : `${min} to ${max}`} ${placeholder}, ${names.length} were given`]
}

function valueOf(property: string, setting: Setting<unknown>, given: Given | undefined) {
  const { key, flag, env } = namesOf(property)
  const text = given?.text ?? fallbackOf(setting)
  if (text === undefined && setting.presence.type === 'required') {
    return { errors: [`${key}: is required; give ${flag}, ${env} or ${key} in the file (${setting.help})`] }
  }
  const result = setting.schema.safeParse(text)
  if (result.success) return { value: result.data }
  const where = given?.where ?? `the default of ${key}`
  return {
    errors: result.error.issues.map((issue) => {
      const entry = typeof issue.path[0] === 'number' && Array.isArray(text) ? text[issue.path[0]] : text
      return `${where}: ${typeof entry === 'string' ? `"${shown(setting, entry)}" ` : ''}${issue.message}`
    }),
  }
}

function fallbackOf(setting: Setting<unknown>): string | readonly string[] | undefined {
  if (setting.presence.type !== 'default') return undefined
  return setting.shape === 'list' ? splitList(setting.presence.text) : setting.presence.text
}

/**
 * For the log line at start. What may hold a secret says itself how it is shown; masking covers what was put into the
 * wrong place.
 */
function describe(setting: Setting<unknown>, given: Given | undefined): string {
  const text = given?.text ?? fallbackOf(setting)
  if (text === undefined) return '(not set)'
  const value = shown(setting, typeof text === 'string' ? text : text.join(','))
  return given === undefined ? value : `${value} (${given.where})`
}

function shown(setting: Setting<unknown>, text: string): string {
  return masked(setting.show?.(text) ?? text)
}

/** Hides what looks like an API key, a signing secret or a token, and cuts what is too long to be a setting. */
function masked(text: string): string {
  const hidden = text.replace(/AIza[\w-]{8,}|whsec_\S+|eyJ[\w-]{8,}\S*|\/\/[^/@\s]*@/g, '[hidden]')
  return hidden.length <= 200 ? hidden : `${hidden.slice(0, 200)}...`
}

/**
 * Other GOOGLE_ variables have no effect, because everything is passed to the SDK explicitly; this one cannot be
 * overruled.
 */
function dangersIn(env: Environment): string[] {
  const { GOOGLE_GENAI_DEBUG: debug } = env
  if (debug === undefined || debug === '') return []
  return ['GOOGLE_GENAI_DEBUG: makes the Google SDK print API keys and signing secrets to the log; remove the variable']
}
