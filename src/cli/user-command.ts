import { exitCodes, roleCommand, type Command, type CommandContext } from './run-command.ts'
import { environmentFor } from '../config/command-settings.ts'
import type { ConfigOf, RoleSettings, SettingsTable } from '../config/setting.ts'

interface UserCommand<Table extends SettingsTable> {
  readonly summary: string
  /** What may stand in front of the flags, and how often. */
  readonly names?: { readonly placeholder: string; readonly min: number; readonly max: number }
  /** Resolves with the exit code; what it throws is printed as the reason for 1. */
  readonly run: (config: ConfigOf<Table>, names: readonly string[], context: CommandContext) => Promise<number>
}

/** A command for people: names in front of its flags, `-o json`, and errors as one line on standard error. */
export function userCommand<Table extends SettingsTable>(
  settings: RoleSettings<Table>,
  { summary, names: rule, run }: UserCommand<Table>,
): Command {
  return {
    name: settings.role,
    summary,
    async run(args, context) {
      const firstFlag = args.findIndex((arg) => arg.startsWith('-'))
      const names = firstFlag === -1 ? args : args.slice(0, firstFlag)
      const flags = withLongOutput(args.slice(names.length))
      const { placeholder = '', min = 0, max = 0 } = rule ?? {}
      const asksForHelp = flags.some((flag) => flag === '--help' || flag === '-h')
      if (!asksForHelp && (names.length < min || names.length > max)) {
        const wanted = max === 0 ? 'takes flags only' : `takes ${min === max ? min : `${min} to ${max}`} ${placeholder}`
        context.err(`gwh ${settings.role}: ${wanted}, ${names.length} were given; see "gwh ${settings.role} --help"\n`)
        return exitCodes.usage
      }
      try {
        const env = environmentFor(settings.settings, context.env)
        return await roleCommand(settings, summary, (config) => run(config, names, context)).run(flags, {
          ...context,
          env,
        })
      } catch (error) {
        context.err(`gwh ${settings.role}: ${error instanceof Error ? error.message : String(error)}\n`)
        return exitCodes.failed
      }
    },
  }
}

/** `-o json`, as kubectl's users write it. */
function withLongOutput(flags: readonly string[]): string[] {
  const at = flags.indexOf('-o')
  return at === -1 ? [...flags] : [...flags.slice(0, at), `--output=${flags[at + 1] ?? ''}`, ...flags.slice(at + 2)]
}
