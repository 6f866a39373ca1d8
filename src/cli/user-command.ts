import type { Clock } from '../clock.ts'
import { namesOf } from '../config/names.ts'
import type { ConfigOf, NamesRule, SettingsTable } from '../config/setting.ts'
import type { Environment } from '../config/sources.ts'
import type { OpenReceivers } from './deliveries/receivers.ts'
import type { OpenCluster, OpenOperator } from './operator-access.ts'
import { exitCodes, roleCommand, type Command, type CommandDeps } from './run-command.ts'
import type { OpenUi } from './open-ui.ts'
import { UnjudgedError } from './unjudged-error.ts'
import { UsageError } from './usage-error.ts'

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
export interface UserCommandDeps extends Installation, Pick<CommandDeps, 'out' | 'err' | 'version'> {}

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
  /** What it takes besides its flags, and how often. */
  readonly names?: NamesRule
  /**
   * Resolves with the exit code; what it throws is printed as the reason for 1 (a UsageError: for 2). What is heavy to
   * load is imported here, since help needs none of it.
   */
  readonly run: (
    config: ConfigOf<Table>,
    names: readonly string[],
    deps: UserCommandDeps & InstallationWithPage & Pick<CommandDeps, 'env'>,
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

/** A command for people: names and flags in any order, and errors as one line on standard error. */
export function userCommand<Table extends SettingsTable>(definition: Definition<Table>): UserCommand {
  const { name, summary, about, example, settings, check = () => [], names, run } = definition
  const role = { role: name, about, example, settings, check, names }
  const variables = variablesIn(settings)
  return {
    variables,
    on: (installation, known) => ({
      name,
      summary,
      settings,
      names,
      async run(args, context) {
        const { out, err, version } = context
        try {
          const env = environmentFor(variables, known, withoutFormerNames(variables, context))
          const command = roleCommand(role, summary, (config, _described, given) =>
            run(config, given, { ...installation, out, err, version, env: context.env }),
          )
          return await command.run(args, { ...context, env })
        } catch (error) {
          err(`gwh ${name}: ${error instanceof Error ? error.message : String(error)}\n`)
          if (error instanceof UsageError) return exitCodes.usage
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

const { env: operatorVariable } = namesOf('operatorNamespace')
const formerOperatorVariable = 'GWH_NAMESPACE'

/** For one version: GWH_NAMESPACE was the operator's namespace, and of the roles still is. */
function withoutFormerNames(own: ReadonlySet<string>, { env, err }: CommandDeps): Environment {
  const { [formerOperatorVariable]: former = '', ...others } = env
  if (former === '' || !own.has(operatorVariable) || (others[operatorVariable] ?? '') !== '') return others
  err(`gwh: ${formerOperatorVariable} is called ${operatorVariable} for commands; it will not be read any more\n`)
  return { ...others, [operatorVariable]: former }
}
