import { namesOf } from '../config/names.ts'
import type { Setting } from '../config/setting.ts'
import type { Command } from './run-command.ts'

interface SplitArguments {
  /** The first argument that is neither a flag nor the value of one. */
  readonly name: string | undefined
  /** All others, in their order. */
  readonly rest: readonly string[]
}

/**
 * Finds the command among flags that may stand before it, as in `gwh -n ml status`. Which flags take the next argument
 * as their value is known from the settings of all commands. Pure.
 */
export function splitCommand(args: readonly string[], commands: readonly Command[]): SplitArguments {
  let at = 0
  while (at < args.length && args[at]?.startsWith('-') === true) at += takesNext(args[at] ?? '', commands) ? 2 : 1
  return { name: args[at], rest: args.toSpliced(at, 1) }
}

function takesNext(flag: string, commands: readonly Command[]): boolean {
  const isLetter = !flag.startsWith('--')
  if (flag.includes('=') || (isLetter && flag.length > 2)) return false
  const isMeant = ([property, { short }]: [string, Setting<unknown>]) =>
    isLetter ? flag === `-${short}` : flag === namesOf(property).flag
  const meant = commands.flatMap(({ settings }) => Object.entries(settings)).find(isMeant)
  return flag === '--config' || (meant !== undefined && meant[1].shape !== 'boolean')
}
