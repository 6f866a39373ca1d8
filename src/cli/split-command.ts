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

/** Whether the argument after the flag is its value: it has one, and it does not stand in the flag itself. */
export function takesNext(flag: string, commands: readonly Command[]): boolean {
  const isLetter = !flag.startsWith('--')
  if (flag.includes('=') || (isLetter && flag.length > 2)) return false
  const meant = flagMeant(flag, commands)
  return flag === '--config' || (meant !== undefined && meant.shape !== 'boolean')
}

/** The first setting of these commands that the flag, a letter or a word, stands for. */
export function flagMeant(flag: string, commands: readonly Command[]): Setting<unknown> | undefined {
  const isMeant = ([property, { short }]: [string, Setting<unknown>]) =>
    flag.startsWith('--') ? flag === namesOf(property).flag : flag === `-${short}`
  return commands.flatMap(({ settings }) => Object.entries(settings)).find(isMeant)?.[1]
}
