import { controllerSettings } from '../../../src/config/controller-config.ts'
import { parseSettings } from '../../../src/config/parse-settings.ts'
import { receiverSettings } from '../../../src/config/receiver-config.ts'
import { sandboxSettings } from '../../../src/config/sandbox-config.ts'
import { gwhCommand } from '../../support/processes/gwh-command.ts'

const gwh = gwhCommand()
const usage = 2
/** What a mention in a sentence may leave out. */
const isLeftOut =
  /takes .* were given|is required|is missing|has no value|name (what|.*--all)|give (a name|at least|--)/

/**
 * What the program's own parser says of a command line that begins with `gwh`. Nobody is asked: the command is given no
 * cluster and ends when it looks for one. `isMention`: it stands in a sentence and need not be complete.
 */
export async function judgeGwh(words: readonly string[], isMention: boolean): Promise<string[]> {
  const args = words.map((word) =>
    word === '-'
      ? 'deploy/samples/minimal.yaml'
      : word
          .replace(/=URL$/, '=https://example.com')
          // The program itself refuses HOST, and names that nobody can reach.
          .replace('//HOST', '//hooks.acme.dev')
          .replaceAll(placeholder, lowered),
  )
  const [name = '', ...flags] = args
  if (isMention && name === '') return []
  const errors =
    name === 'controller' || name === 'receiver' || name === 'sandbox'
      ? errorsOfRole(name, flags)
      : await errorsOf(args)
  return isMention ? errors.filter((error) => !isLeftOut.test(error)) : errors
}

/** Words in capitals stand for something of the reader's. */
const placeholder = /\b[A-Z][A-Z_-]+[A-Z]\b/g
const lowered = (word: string) => word.toLowerCase().replaceAll('_', '-')

async function errorsOf(args: readonly string[]): Promise<string[]> {
  const { code, err } = await gwh(...args)
  if (code !== usage) return []
  return err
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Nothing was started') && !line.startsWith('"gwh --help"'))
}

function errorsOfRole(name: 'controller' | 'receiver' | 'sandbox', flags: readonly string[]): string[] {
  const input = { flags, env: {} }
  const parsed =
    name === 'controller'
      ? parseSettings(controllerSettings, input)
      : name === 'receiver'
        ? parseSettings(receiverSettings, input)
        : parseSettings(sandboxSettings, input)
  return parsed.type === 'errors' ? parsed.errors : []
}
