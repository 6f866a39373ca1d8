import { unreachable } from '../unreachable.ts'
import { namesOf } from './names.ts'
import type { NamesRule, RoleSettings, Setting, SettingsTable } from './setting.ts'

/**
 * What `gwh ROLE --help` prints. At most 100 columns wide, no colours: it is read in terminals and in pull requests.
 */
export function helpText<Table extends SettingsTable>(role: RoleSettings<Table>): string {
  const entries = Object.entries(role.settings)
  const groups = [...new Set(entries.map(([, setting]) => setting.group))]
  const blocks = groups.map((group) => {
    const members = entries.filter(([, setting]) => setting.group === group)
    return [`${group}:`, ...members.map(([property, setting]) => describeSetting(property, setting))].join('\n')
  })
  return [
    usageLine(role.role, role.names),
    wrap(role.about, 0),
    `Example:\n  ${role.example}`,
    wrap(
      'Each setting can be given as a flag, as an environment variable, or as a key in a YAML or JSON file ' +
        '(--config, GWH_CONFIG); a flag wins over the environment, the environment over the file. Unknown settings are ' +
        'refused. Durations: 500ms, 10s, 5m, 1h30m. Sizes: 64KiB, 2GiB. Lists: comma-separated. ' +
        'Secrets are never settings: they are read from mounted files and from the cluster.',
      0,
    ),
    ...blocks,
  ].join('\n\n')
}

/** The command with its arguments: `gwh status [NAME] [flags]`. */
function usageLine(command: string, names: NamesRule | undefined): string {
  return ['Usage: gwh', command, ...(names === undefined ? [] : [argumentsOf(names)]), '[flags]'].join(' ')
}

function argumentsOf({ placeholder, min, max, usage }: NamesRule): string {
  if (usage !== undefined) return usage
  const many = max > 1 ? `${placeholder} ...` : placeholder
  return min === 0 ? `[${many}]` : many
}

/** What a wide terminal shows without a break. */
const maxLineLength = 120

function describeSetting(property: string, setting: Setting<unknown>): string {
  const { flag, env, key } = namesOf(property)
  const letter = setting.short === undefined ? '' : `-${setting.short}, `
  const usage =
    letter + (setting.shape === 'boolean' ? `${flag}, --no-${flag.slice(2)}` : `${flag}=${setting.placeholder}`)
  const fallback = `      ${setting.presence.type === 'required' ? '' : 'default: '}${fallbackText(setting)};`
  const names = `${setting.ignoresEnvironment === true ? '' : `environment ${env}; `}file key ${key}`
  const fits = fallback.length + names.length < maxLineLength
  return [`  ${usage}`, wrap(setting.help, 6), `${fallback}${fits ? ' ' : '\n      '}${names}`].join('\n')
}

/** What holds when nothing is given. */
export function fallbackText(setting: Setting<unknown>): string {
  switch (setting.presence.type) {
    case 'required':
      return 'required'
    case 'optional':
      return 'not set'
    case 'default':
      return setting.presence.text === '' ? 'none' : setting.presence.text
    default:
      return unreachable(setting.presence)
  }
}

function wrap(text: string, indent: number, width = 96): string {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last !== '' && last.length + word.length + 1 > width - indent) lines.push(word)
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`
  }
  return lines.map((line) => ' '.repeat(indent) + line).join('\n')
}
