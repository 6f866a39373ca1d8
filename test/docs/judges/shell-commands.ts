import { spawnSync } from 'node:child_process'

import { forEachChild, parse, type Command, type SyntaxNode, type Word } from 'unbash'

/** A word of a command as the shell would hand it on; what it would put in is one "x". */
export interface ShellWord {
  text: string
  isPlain: boolean
}

export interface ShellCommand {
  name: string
  args: ShellWord[]
  /** Where its output is written to, if to a file. */
  writesTo: string[]
  /** What is written below it as its input. */
  hereDoc: string | undefined
}

/** What bash says is wrong with these lines without running them; empty where it takes them. */
export function syntaxProblem(text: string): string {
  const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
  return status === 0 ? '' : stderr.trim()
}

/** Every command in these lines, those inside functions, substitutions and pipes included; and the functions' names. */
export function commandsIn(text: string): { commands: ShellCommand[]; functions: string[] } {
  const commands: ShellCommand[] = []
  const functions: string[] = []
  const visit = (node: SyntaxNode): void => {
    if (node.type === 'Function') functions.push(node.name.value)
    if (node.type === 'Command') commands.push(read(node))
    forEachChild(node, visit)
  }
  visit(parse(text))
  return { commands: commands.filter(({ name }) => name !== ''), functions }
}

function read({ name, suffix }: Command): ShellCommand {
  const args: ShellWord[] = []
  const writesTo: string[] = []
  let hereDoc: string | undefined
  for (const part of suffix) {
    if (part.type === 'Word') args.push(wordOf(part))
    if (part.type === 'Assignment') args.push({ text: part.text, isPlain: false })
    if (part.type === 'Redirect' && part.operator.startsWith('>')) writesTo.push(part.target?.value ?? '')
    if (part.type === 'HereDoc') hereDoc = part.body?.text
  }
  return { name: name?.value ?? '', args, writesTo, hereDoc }
}

function wordOf(word: Word): ShellWord {
  const text = (word.parts ?? [{ type: 'Literal', value: word.value }]).map(textOf).join('')
  return { text, isPlain: !text.includes(substituted) }
}

const substituted = '\u0000'

function textOf(part: { type: string; value?: unknown; parts?: readonly { type: string }[] | undefined }): string {
  if (typeof part.value === 'string') return part.value
  if (part.parts !== undefined) return part.parts.map(textOf).join('')
  return substituted
}

/** The words with something in the place of what the shell would put in. */
export function filledIn(args: readonly ShellWord[]): string[] {
  return args.map(({ text }) => text.replaceAll(substituted, 'x'))
}
