import type { Clock } from '../clock.ts'
import { namesOf } from '../config/names.ts'
import type { ConfigOf, SettingsTable } from '../config/setting.ts'
import type { Environment } from '../config/sources.ts'
import type { OpenReceivers } from './deliveries/receivers.ts'
import type { OpenCluster, OpenOperator } from './operator-access.ts'
import { exitCodes, roleCommand, type Command, type CommandDeps } from './run-command.ts'
import type { OpenUi } from './open-ui.ts'
import { UnjudgedError } from './unjudged-error.ts'

/** What the commands work on. Nothing is opened, or loaded, before one that runs asks for it. */
export interface Installation {
  readonly clock: Clock
  readonly random: () => number
  readonly receivers: OpenReceivers
  readonly cluster: OpenCluster
  readonly operator: OpenOperator
}

/** That, and the page which does on it what the commands do. */
export interface InstallationWithPage extends Installation {
  readonly ui: OpenUi
}

/** What a command works with: the installation, and both output streams. */
export interface UserCommandDeps extends Installation, Pick<CommandDeps, 'out' | 'err'> {}

/** All that a command is; its file exports it. */
interface Definition<Table extends SettingsTable> {
  readonly name: string
  /** One line for the list of commands. */
  readonly summary: string
  /** Two or three sentences for its own help. */
  readonly about: string
  /** One complete command line that works as it stands. */
  readonly example: string
  readonly settings: Table
  /** Rules between settings; each message names the settings, says what was wrong and what to do. */
  readonly check?: (config: ConfigOf<Table>) => string[]
  /** What may stand in front of the flags, and how often. */
  readonly names?: { readonly placeholder: string; readonly min: number; readonly max: number }
  /**
   * Resolves with the exit code; what it throws is printed as the reason for 1. What is heavy to load is imported here,
   * since help needs none of it.
   */
  readonly run: (
    config: ConfigOf<Table>,
    names: readonly string[],
    deps: UserCommandDeps & InstallationWithPage,
  ) => Promise<number>
}

/** A command for people before it has an installation to work on. */
export interface UserCommand {
  /** The environment variables that it reads. */
  readonly variables: ReadonlySet<string>
  /** `known`: the variables of every command, which a shell may have exported for another one. */
  on(installation: InstallationWithPage, known: ReadonlySet<string>): Command
}

/** How many names a command takes that takes many. */
export const maxNames = 10_000

/** A command for people: names in front of its flags, `-o json`, and errors as one line on standard error. */
export function userCommand<Table extends SettingsTable>(definition: Definition<Table>): UserCommand {
  const { name, summary, about, example, settings, check = () => [], names: rule, run } = definition
  const role = { role: name, about, example, settings, check }
  const variables = variablesIn(settings)
  return {
    variables,
    on: (installation, known) => ({
      name,
      summary,
      async run(args, context) {
        const firstFlag = args.findIndex((arg) => arg.startsWith('-'))
        const names = firstFlag === -1 ? args : args.slice(0, firstFlag)
        const flags = withLongFlags(args.slice(names.length))
        const { placeholder = '', min = 0, max = 0 } = rule ?? {}
        const asksForHelp = flags.some((flag) => flag === '--help' || flag === '-h')
        if (!asksForHelp && (names.length < min || names.length > max)) {
          const wanted =
            max === 0 ? 'takes flags only' : `takes ${min === max ? min : `${min} to ${max}`} ${placeholder}`
          context.err(`gwh ${name}: ${wanted}, ${names.length} were given; see "gwh ${name} --help"\n`)
          return exitCodes.usage
        }
        try {
          const { out, err } = context
          const env = environmentFor(variables, known, context.env)
          const command = roleCommand(role, summary, (config) => run(config, names, { ...installation, out, err }))
          return await command.run(flags, { ...context, env })
        } catch (error) {
          context.err(`gwh ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
          return error instanceof UnjudgedError ? exitCodes.unjudged : exitCodes.failed
        }
      },
    }),
  }
}

function variablesIn(table: SettingsTable): ReadonlySet<string> {
  const read = Object.entries(table).filter(([, { ignoresEnvironment }]) => ignoresEnvironment !== true)
  return new Set(read.map(([property]) => namesOf(property).env))
}

/**
 * What one command sees of a shell's environment: without what is exported for others. What no command knows stays, and
 * is refused as a mistake.
 */
function environmentFor(own: ReadonlySet<string>, known: ReadonlySet<string>, env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => own.has(name) || !known.has(name)))
}

const shortFlags = { '-o': '--output', '-n': '--namespace' } as const

/** `-o json` and `-n ml`, as kubectl's users write them. */
function withLongFlags(flags: readonly string[]): string[] {
  let long = [...flags]
  for (const [short, name] of Object.entries(shortFlags)) {
    const at = long.indexOf(short)
    if (at !== -1) long = [...long.slice(0, at), `${name}=${long[at + 1] ?? ''}`, ...long.slice(at + 2)]
  }
  return long
}
