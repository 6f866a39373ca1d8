import { execFileSync } from 'node:child_process'

/** What the help of a program says of one of its commands. */
interface CommandHelp {
  commands: ReadonlySet<string>
  /** Each flag, long and short, with whether the next word is its value. */
  flags: ReadonlyMap<string, boolean>
}

/** How kubectl and Helm write them: `-f, --filename=[]:` and `-f, --values strings   what it does`. */
const kubectlFlag = /^ {4}(?:-(\w), )?--([\w-]+)=(.*):$/gm
const helmFlag = /^ {2,6}(?:-(\w), )?--([\w-]+)(?: (\S+))? {2,}/gm

/** Reads the help of the real binary, each command once. Throws where it cannot be run. */
export function helpOf(binary: string): (path: readonly string[]) => CommandHelp {
  const known = new Map<string, CommandHelp>()
  const isKubectl = binary.endsWith('kubectl')
  const read = (args: readonly string[]) => execFileSync(binary, args, { encoding: 'utf8' })
  const forAll = isKubectl ? read(['options']) : ''
  return (path) => {
    const key = path.join(' ')
    const help = known.get(key) ?? parseHelp(`${read([...path, '--help'])}\n${forAll}`)
    known.set(key, help)
    return help
  }
}

function parseHelp(text: string): CommandHelp {
  const flags = new Map<string, boolean>([
    ['--help', false],
    ['-h', false],
  ])
  const add = (short: string | undefined, long: string, takesValue: boolean) => {
    flags.set(`--${long}`, takesValue)
    if (short !== undefined) flags.set(`-${short}`, takesValue)
  }
  for (const [, short, long = '', fallback = ''] of text.matchAll(kubectlFlag))
    add(short, long, !['true', 'false'].includes(fallback))
  for (const [, short, long = '', type] of text.matchAll(helmFlag)) add(short, long, type !== undefined)
  const sections = text.split(/\n(?=\S)/).filter((section) => /^[A-Z][^\n]*Commands[^\n]*:\n/.test(section))
  const commands = sections.flatMap((section) =>
    [...section.matchAll(/^ {2}([a-z][\w-]*) {2,}/gm)].map((each) => each[1]),
  )
  return { commands: new Set(commands.filter((each) => each !== undefined)), flags }
}

interface ReadCommandLine {
  /** Such as `create secret generic`. */
  path: string[]
  positionals: string[]
  values: { flag: string; value: string }[]
  problems: string[]
}

/** Finds command, flags and names in the words after a program, and says which flags it does not have. */
export function readCommandLine(
  help: (path: readonly string[]) => CommandHelp,
  words: readonly string[],
): ReadCommandLine {
  const path: string[] = []
  const positionals: string[] = []
  const values: { flag: string; value: string }[] = []
  const problems: string[] = []
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? ''
    if (word === '--') return { path, positionals, values, problems }
    const { commands, flags } = help(path)
    if (!/^-./.test(word)) {
      if (positionals.length === 0 && commands.has(word)) path.push(word)
      else if (path.length === 0) problems.push(`"${word}" is not a command of it`)
      else positionals.push(word)
      continue
    }
    const [flag, value] = splitFlag(word, flags)
    const takesValue = flags.get(flag)
    if (takesValue === undefined) problems.push(`${path.join(' ')} has no flag ${flag}`)
    else if (value !== undefined) values.push({ flag, value })
    else if (takesValue) values.push({ flag, value: words[(at += 1)] ?? '' })
  }
  return { path, positionals, values, problems }
}

/** `--name=value`, `-nvalue`, `-it`: the flag, and the value that stands in it. */
function splitFlag(word: string, flags: ReadonlyMap<string, boolean>): [string, string?] {
  const equals = word.indexOf('=')
  if (word.startsWith('--')) return equals < 0 ? [word] : [word.slice(0, equals), word.slice(equals + 1)]
  const letter = word.slice(0, 2)
  if (word.length === 2) return [letter]
  if (flags.get(letter) === true) return [letter, word.slice(2).replace(/^=/, '')]
  const wrong = word
    .slice(1)
    .split('')
    .find((each) => !flags.has(`-${each}`))
  return [wrong === undefined ? letter : `-${wrong}`, '']
}
