import { exitCodes } from '../run-command.ts'
import { userCommand } from '../user-command.ts'
import { UsageError } from '../usage-error.ts'
import { scripts } from './scripts.ts'

const shells = Object.keys(scripts)

/** `gwh completion SHELL`: the script that makes the shell complete commands, flags, and names of the cluster. */
export const completion = userCommand({
  name: 'completion',
  summary: 'Print the completion script of bash, zsh or fish.',
  about:
    'Prints a script with which bash, zsh or fish completes commands, flags and their values, and the names of webhooks, routes, receivers, namespaces and contexts. ' +
    'Names are asked of the cluster that the command line so far means. Put the line of the example into the start-up file of your shell; for fish it is "gwh completion fish | source".',
  example: 'source <(gwh completion bash)',
  settings: {},
  names: { placeholder: 'SHELL', min: 1, max: 1, words: shells },
  run: async (_config, [shell = ''], { out }) => {
    if (!isShell(shell)) throw new UsageError(`"${shell.slice(0, 80)}" is not one of ${shells.join(', ')}`)
    out(scripts[shell])
    return exitCodes.ok
  },
})

function isShell(shell: string): shell is keyof typeof scripts {
  return Object.hasOwn(scripts, shell)
}
