import { helpText } from '../config/help-text.ts'
import { loadConfig } from '../config/load-config.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from '../config/setting.ts'
import type { Environment } from '../config/sources.ts'
import { unreachable } from '../unreachable.ts'

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
  run: (config: ConfigOf<Table>, described: Readonly<Record<string, string>>) => Promise<number>,
): Command {
  return {
    name: role.role,
    summary,
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
          return run(parsed.config, parsed.described)
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
  const [name, ...flags] = args
  switch (name) {
    case undefined:
      context.err(programHelp(commands))
      return exitCodes.usage
    case '--help':
    case '-h':
    case 'help':
      context.out(programHelp(commands))
      return exitCodes.ok
    case '--version':
      context.out(`${context.version}\n`)
      return exitCodes.ok
    default:
  }
  const command = commands.find((candidate) => candidate.name === name)
  if (command !== undefined) return command.run(flags, context)
  context.err(`gwh: "${name.slice(0, 80)}" is not a command\n\n${programHelp(commands)}`)
  return exitCodes.usage
}

function programHelp(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length))
  return [
    'Usage: gwh COMMAND [--SETTING=VALUE ...]',
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
