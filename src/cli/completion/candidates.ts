import { namesOf } from '../../config/names.ts'
import type { Completion, Setting, SettingsTable } from '../../config/setting.ts'
import { readFlags } from '../../config/sources.ts'
import type { Command } from '../run-command.ts'
import { flagMeant, splitCommand, takesNext } from '../split-command.ts'

/** What may stand at the place of the word. */
export interface Candidate {
  readonly value: string
  readonly about?: string
}

/** What a word may become. */
export interface Candidates {
  /** What is known without asking anybody. */
  readonly known: readonly Candidate[]
  /** What has to be looked up, and what the word begins with before it, such as `--webhook=`. */
  readonly lookUp?: { readonly kind: Completion; readonly prefix: string; readonly command: Command }
}

const none: Candidates = { known: [] }

/** What the last of the words may become; the others stand before it. Pure. */
export function candidatesFor(words: readonly string[], commands: readonly Command[]): Candidates {
  const before = words.slice(0, -1)
  const word = words.at(-1) ?? ''
  const { name, rest } = splitCommand(before, commands)
  const command = commands.find((each) => each.name === name)
  const flagBefore = before.at(-1) ?? ''
  if (flagBefore.startsWith('-') && takesNext(flagBefore, command === undefined ? commands : [command]))
    return valuesOf(flagBefore, listPrefix('', word), command)
  if (name === undefined)
    return word.startsWith('-') ? flagsOfProgram : { known: commands.filter(isShown).map(asCandidate) }
  if (command === undefined) return none
  const [, flag = ''] = /^(--[^=]+)=/.exec(word) ?? []
  if (flag !== '') return valuesOf(flag, listPrefix(`${flag}=`, word), command)
  if (word.startsWith('-')) return { known: flagsOf(command.settings) }
  return namesFor(command, rest)
}

const flagsOfProgram: Candidates = {
  known: [
    { value: '--help', about: 'Explain the commands.' },
    { value: '--version', about: 'Print the version.' },
  ],
}

function isShown({ isHidden }: Command): boolean {
  return isHidden !== true
}

function asCandidate({ name, summary }: Command): Candidate {
  return { value: name, about: summary }
}

function flagsOf(settings: SettingsTable): Candidate[] {
  const own = Object.entries(settings).map(([property, { help }]) => ({ value: namesOf(property).flag, about: help }))
  return [...own, { value: '--help', about: 'Explain this command and its flags.' }]
}

/** Of a list, what is completed is its last entry. */
function listPrefix(flag: string, word: string): string {
  return word.includes(',') ? word.slice(0, word.lastIndexOf(',') + 1) : flag
}

function valuesOf(flag: string, prefix: string, command: Command | undefined): Candidates {
  const setting = command === undefined ? undefined : flagMeant(flag, [command])
  if (command === undefined || setting === undefined) return none
  return offered(setting, prefix, command)
}

function namesFor(command: Command, rest: readonly string[]): Candidates {
  const { names, settings } = command
  if (names === undefined || readFlags(settings, rest).names.length >= names.max) return none
  return offered(names, '', command)
}

function offered(
  { words = [], completes }: Pick<Setting<unknown>, 'words' | 'completes'>,
  prefix: string,
  command: Command,
): Candidates {
  const known = words.map((value) => ({ value: `${prefix}${value}` }))
  return completes === undefined ? { known } : { known, lookUp: { kind: completes, prefix, command } }
}
