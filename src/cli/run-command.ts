import { helpText } from '../config/help-text.ts'
import { loadConfig } from '../config/load-config.ts'
import { nearestName } from '../config/names.ts'
import type { ConfigOf, NamesRule, RoleSettings, SettingsTable } from '../config/setting.ts'
import { clip, type Environment } from '../config/sources.ts'
import { unreachable } from '../unreachable.ts'
import { splitCommand } from './split-command.ts'

/** What `gwh` ends with. Documented in the program's help. */
export const exitCodes = {
  /** Done, or stopped in good order after SIGTERM or SIGINT. */
  ok: 0,
  /** Something failed while running; the log says what. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was started. */
  usage: 2,
  /**
   * What was asked for could not be judged: an answer that this program does not understand, or something that it may
   * not read. Not known to be well.
   */
  unjudged: 3,
} as const

/** A subcommand: what it is, and how to carry it out. */
export interface Command {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** What a shell can complete. */
  readonly settings: SettingsTable
  readonly names?: NamesRule | undefined
  /** Not in the list of commands: programs call it, not people. */
  readonly isHidden?: true
  /** Resolves with the exit code. */
  run(flags: readonly string[], context: CommandDeps): Promise<number>
}

export interface CommandDeps {
  readonly env: Environment
  readonly version: string
  readonly out: (text: string) => void
  readonly err: (text: string) => void
}

/** A subcommand whose settings come from a table: parses them, answers `--help`, reports what is wrong, else runs. */
export function roleCommand<Table extends SettingsTable>(
  role: RoleSettings<Table>,
  summary: string,
  run: (
    config: ConfigOf<Table>,
    described: Readonly<Record<string, string>>,
    names: readonly string[],
  ) => Promise<number>,
): Command {
  return {
    name: role.role,
    summary,
    settings: role.settings,
    names: role.names,
    async run(flags, { env, out, err }) {
      const parsed = loadConfig(role, { flags, env })
      switch (parsed.type) {
        case 'help':
          out(`${helpText(role)}\n`)
          return exitCodes.ok
        case 'errors':
          err(`${parsed.errors.map((error) => `gwh ${role.role}: ${error}`).join('\n')}\n`)
          err(`Nothing was started. "gwh ${role.role} --help" lists all settings.\n`)
          return exitCodes.usage
        case 'config':
          return run(parsed.config, parsed.described, parsed.names)
        default:
          return unreachable(parsed)
      }
    },
  }
}

/**
 * Finds the command that the arguments name and runs it. Resolves with the exit code; throws only what the command
 * throws.
 */
export async function runCommand(
  args: readonly string[],
  commands: readonly Command[],
  context: CommandDeps,
): Promise<number> {
  const { name, rest } = splitCommand(args, commands)
  if (name === undefined) return withoutCommand(rest, commands, context)
  if (name === 'help') {
    const [about] = rest
    return runCommand([...(about === undefined ? [] : [about]), '--help'], commands, context)
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command.run(rest, context)
  const known = visible(commands).map((candidate) => candidate.name)
  const nearest = nearestName(name, known)
  const meant = nearest === undefined ? '' : `; did you mean "gwh ${nearest}"?`
  context.err(`gwh: "${clip(name)}" is not a command${meant}\n"gwh --help" lists the commands.\n`)
  return exitCodes.usage
}

function withoutCommand(flags: readonly string[], commands: readonly Command[], { version, out, err }: CommandDeps) {
  if (flags.includes('--version')) {
    out(`${version}\n`)
    return exitCodes.ok
  }
  const isAskedFor = flags.includes('--help') || flags.includes('-h')
  const say = isAskedFor ? out : err
  say(programHelp(commands))
  return isAskedFor ? exitCodes.ok : exitCodes.usage
}

function visible(commands: readonly Command[]): Command[] {
  return commands.filter(({ isHidden }) => isHidden !== true)
}

function programHelp(all: readonly Command[]): string {
  const commands = visible(all)
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Usage: gwh COMMAND [NAME ...] [flags]',
    '',
    'Makes Gemini API webhooks reliable on Kubernetes: registered, signed, verified, stored, delivered.',
    '',
    'Commands:',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    '"gwh COMMAND --help" explains a command and all its settings. "gwh --version" prints the version.',
    '',
    'Exit codes: 0 done or stopped in good order, 1 failed while running, 2 wrong command line or configuration,',
    '3 could not be judged, so that it is not known to be well.',
    '',
  ].join('\n')
}
