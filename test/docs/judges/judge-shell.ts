import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { judgeGwh } from './judge-gwh.ts'
import { readCommandLine, type helpOf } from './program-help.ts'
import { commandsIn, filledIn, syntaxProblem, type ShellCommand, type ShellWord } from './shell-commands.ts'

/** What the judges of commands ask. */
export interface ShellDeps {
  kubectl: ReturnType<typeof helpOf>
  helm: ReturnType<typeof helpOf>
  /** Whether the API server knows a resource by this name: plural, singular, short or with its group. */
  isResource(name: string): boolean
  /** Whether an installation has an object of this name, made by the chart or by the programs. */
  isOurObject(name: string): boolean
  /** What the real kubectl says of a template such as `jsonpath={.a}`; undefined where it takes it. */
  outputProblem(format: string): string | undefined
  /** What the chart says of these flags of Helm; undefined where it takes them. */
  valuesProblem(flags: readonly string[]): string | undefined
  /** What the API server says of manifests that a block hands to kubectl. */
  manifestProblems(text: string): Promise<string[]>
}

export interface ShellText {
  page: string
  text: string
  /** Stands in a sentence, or after a "$" beside what was printed: need not be complete. */
  isMention: boolean
  /** Files that the page has its reader make. */
  made: ReadonlySet<string>
  /** Functions that the page defines. */
  functions: ReadonlySet<string>
}

/** Programs that a reader has, beyond those whose flags are judged. A new one is added here, so that no typo is one. */
const known = new Set(
  `. [ awk base64 cat cd cosign cp crane ctr curl date docker echo exit export fish git grep helm install jq k3d kafka-topics.sh kind
  kubectl minikube mkdir npm od openssl printf python3 read sed set sleep source tar tr velero xargs zsh`.split(/\s+/),
)

/** Everything that is wrong with these lines, each with the command that it is about. */
export async function judgeShell(shell: ShellText, deps: ShellDeps): Promise<string[]> {
  const problems: string[] = []
  const syntax = shell.isMention ? '' : syntaxProblem(shell.text)
  if (syntax !== '') problems.push(syntax)
  const { commands, functions } = commandsIn(shell.text)
  for (const command of commands) {
    const words = [command.name, ...filledIn(command.args)]
    const found = [
      ...(await problemsOf(command, words, shell, deps)),
      ...(shell.isMention ? [] : missingFiles(command, shell)),
      ...unknownProgram(command.name, new Set([...shell.functions, ...functions])),
    ]
    problems.push(...found.map((problem) => `${words.join(' ')}: ${problem}`))
  }
  return problems
}

function unknownProgram(name: string, functions: ReadonlySet<string>): string[] {
  if (name === 'gwh' || name.includes('/') || known.has(name) || functions.has(name)) return []
  return [
    `"${name}" is no program that a reader is known to have: correct it, or add it in test/docs/judges/judge-shell.ts`,
  ]
}

async function problemsOf(
  command: ShellCommand,
  words: readonly string[],
  shell: ShellText,
  deps: ShellDeps,
): Promise<string[]> {
  const [name, ...args] = words
  if (name === 'gwh') return judgeGwh(args, shell.isMention)
  if (name === 'xargs') {
    const at = args.findIndex((word) => ['gwh', 'kubectl', 'helm'].includes(word))
    // What it adds cannot be seen.
    return at < 0 ? [] : problemsOf(command, args.slice(at), { ...shell, isMention: true }, deps)
  }
  if (name === 'kubectl')
    return args[0] === 'gwh' ? judgeGwh(args.slice(1), shell.isMention) : judgeKubectl(command, args, deps)
  if (name === 'helm') return judgeHelm(command, args, deps)
  if (name === 'npm') return judgeNpm(args, shell.page)
  return []
}

/** Resources of other products that the documentation names. A new one is added here, so that no typo is one. */
const ofOthers = new Set(['workflows'])

/** Verbs whose first name is that of a resource. */
const ofResources = new Set([
  'get',
  'describe',
  'delete',
  'wait',
  'patch',
  'annotate',
  'label',
  'edit',
  'scale',
  'rollout',
])

async function judgeKubectl(
  { args: given, hereDoc }: ShellCommand,
  args: readonly string[],
  deps: ShellDeps,
): Promise<string[]> {
  if (args[0] === 'krew') return []
  const { path, positionals, values, problems } = readCommandLine(deps.kubectl, args)
  const [first = ''] = positionals
  if (ofResources.has(path[0] ?? '') && first !== '' && first !== '...' && !isFilledIn(first, given))
    for (const part of first.split(','))
      if (!deps.isResource(part.split('/')[0] ?? '') && !ofOthers.has(part.split('/')[0] ?? ''))
        problems.push(`"${part}" is no resource that the API server knows`)
  for (const name of positionals.flatMap((word) => /(?:^|\/)(gwh-[a-z0-9-]*[a-z0-9])$/.exec(word)?.[1] ?? []))
    if (!deps.isOurObject(name)) problems.push(`"${name}" is no object of an installation`)
  for (const { flag, value } of values) {
    if ((flag !== '-o' && flag !== '--output') || !/^(jsonpath|custom-columns|go-template)=/.test(value)) continue
    const problem = deps.outputProblem(value)
    if (problem !== undefined) problems.push(problem)
  }
  if (hereDoc !== undefined) problems.push(...(await deps.manifestProblems(hereDoc)))
  return problems
}

/** Whether the shell would put a part of this word in, which cannot be judged then. */
function isFilledIn(value: string, given: readonly ShellWord[]): boolean {
  return given.some((word) => !word.isPlain && filledIn([word])[0]?.endsWith(value) === true)
}

const isOurChart = (word: string) =>
  word === '...' || /(^|\/)gemini-webhook-operator$/.test(word) || word.startsWith('gemini-webhook-operator-')
const isValueFlag = (flag: string) => flag.startsWith('--set')

function judgeHelm({ args: given }: ShellCommand, args: readonly string[], deps: ShellDeps): string[] {
  const { path, positionals, values, problems } = readCommandLine(deps.helm, args)
  if (!['install', 'upgrade', 'template'].includes(path[0] ?? '') || !positionals.some(isOurChart)) return problems
  const flags = values
    .filter(({ flag, value }) => isValueFlag(flag) && !isFilledIn(value, given))
    .flatMap(({ flag, value }) => [flag, value])
  const problem = flags.length === 0 ? undefined : deps.valuesProblem(flags)
  return problem === undefined ? problems : [...problems, problem]
}

function judgeNpm(args: readonly string[], page: string): string[] {
  const [verb, name] = args[0] === '--silent' ? args.slice(1) : args
  const script =
    verb === 'run'
      ? args.slice(1).find((word) => !word.startsWith('-'))
      : verb === 'test' || verb === 'start'
        ? verb
        : undefined
  if (script === undefined) return verb === 'run' ? [`names no script (${String(name)})`] : []
  const folders = [dirname(page), '.']
  const has = (folder: string) => {
    const path = join(folder, 'package.json')
    return existsSync(path) && script in (JSON.parse(readFileSync(path, 'utf8')) as { scripts: object }).scripts
  }
  return folders.some(has) ? [] : [`there is no script "${script}" in package.json`]
}

const takesFile = new Set(['-f', '--filename', '-k', '--kustomize', '--values', '--set-file'])
const isOfRepository = /^(\.\/)?(charts|crds|deploy|docs|examples|src|test|tools|bench|demo|playground)\//

/** Paths that the reader would look for in vain, relative to the checkout and to the folder of the page. */
function missingFiles({ name, args }: ShellCommand, { page, made }: ShellText): string[] {
  const words = filledIn(args)
  const named = words.flatMap((word, at) => {
    const [flag = '', value] = word.split(/=(.*)/s)
    if (args[at]?.isPlain !== true || /[*<>{}]|\.\.\./.test(word)) return []
    if ((name === 'kubectl' || name === 'helm') && takesFile.has(flag) && value !== undefined) return [value]
    const isFile = (name === 'kubectl' || name === 'helm') && takesFile.has(words[at - 1] ?? '')
    return isFile || isOfRepository.test(word) ? [word] : []
  })
  const isThere = (path: string) =>
    path === '-' ||
    /^(\/|~|https?:|oci:)/.test(path) ||
    [path, join(dirname(page), path)].some((each) => existsSync(each)) ||
    [...made].some((each) => normalize(path) === each || each.startsWith(`${normalize(path)}/`))
  return named.filter((path) => !isThere(path)).map((path) => `there is no file ${path}`)
}

/** Files that the blocks of a page write: what is redirected, what a block is named after, copies and downloads. */
export function filesMadeBy(blocks: readonly { language: string; text: string }[]): Set<string> {
  const made = new Set<string>()
  for (const { language, text } of blocks) {
    const title = /^(?:#|\/\/) (\S+\.[a-z]+)\b/.exec(text)?.[1]
    if (title !== undefined) made.add(normalize(title))
    if (language !== 'sh') continue
    for (const { name, args, writesTo } of commandsIn(text).commands) {
      for (const path of writesTo) made.add(normalize(path))
      const last = filledIn(args).at(-1)
      if (['cp', 'mv', 'tee', 'mkdir', 'git', 'ln'].includes(name) && last !== undefined) made.add(normalize(last))
      const out = filledIn(args).flatMap((word, at, all) =>
        /^(-o|-O|--output|--out|-out)$/.test(word) ? [all[at + 1] ?? ''] : [],
      )
      for (const path of out) made.add(normalize(path))
    }
  }
  return made
}
