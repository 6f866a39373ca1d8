import { namesOf } from '../../config/names.ts'
import { readFlags } from '../../config/sources.ts'
import { exitCodes, type Command, type CommandDeps } from '../run-command.ts'
import type { Installation } from '../user-command.ts'
import { candidatesFor, type Candidate } from './candidates.ts'

/** What the shell is to do, as programs made with cobra say it, so that kubectl understands it too. */
const directives = { files: ':0', nothingElse: ':4' } as const

/**
 * `gwh __complete WORD ...`, which the scripts of `gwh completion` call: what the last word may become, one a line, and
 * a line for the shell. Says nothing, rather than disturb, where something cannot be looked up.
 */
export function completeCommand(
  commands: () => readonly Command[],
  { cluster }: Pick<Installation, 'cluster'>,
): Command {
  return {
    name: '__complete',
    summary: 'Print what a word may become, for the scripts of gwh completion.',
    settings: {},
    isHidden: true,
    async run(words, { out, env }) {
      const word = words.at(-1) ?? ''
      const { known, lookUp } = candidatesFor(words, commands())
      if (lookUp?.kind === 'file') {
        out(`${directives.files}\n`)
        return exitCodes.ok
      }
      const found: Candidate[] = [...known]
      if (lookUp !== undefined) {
        const { kind, prefix, command } = lookUp
        const { lookUp: ask } = await import('./look-up.ts')
        const config = configFor(command, words, env)
        const names = await ask(kind, word.slice(prefix.length), { config, cluster }).catch(() => [])
        found.push(...names.map((name) => ({ value: `${prefix}${name}` })))
      }
      const lines = found.filter(({ value }) => value.startsWith(word) && isPlain(value)).map(lineOf)
      out([...lines, directives.nothingElse, ''].join('\n'))
      return exitCodes.ok
    },
  }
}

/**
 * What every shell takes as it stands. A kubeconfig may come from somebody else, and a context may be named
 * `$(anything)`: on the command line it would be run.
 */
function isPlain(value: string): boolean {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(value)
}

function lineOf({ value, about }: Candidate): string {
  return about === undefined ? value : `${value}\t${about}`
}

/** What has been typed so far, and the environment: enough to ask the API server that is meant. */
function configFor({ settings, name }: Command, words: readonly string[], env: CommandDeps['env']) {
  const typed = words.slice(0, -1).filter((each) => each !== name)
  const { given } = readFlags(settings, typed)
  const valueOf = (property: string) => {
    const text = given.get(property)?.text
    if (typeof text === 'string') return text
    const variable = settings[property]?.ignoresEnvironment === true ? undefined : env[namesOf(property).env]
    return variable === '' ? undefined : variable
  }
  return {
    kubeconfig: valueOf('kubeconfig'),
    context: valueOf('context'),
    as: valueOf('as'),
    namespace: valueOf('namespace'),
    operatorNamespace: valueOf('operatorNamespace'),
  }
}
