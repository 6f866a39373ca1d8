import { runCommand } from '../../../src/cli/run-command.ts'
import { userCommands } from '../../../src/cli/user-commands.ts'
import { systemClock } from '../../../src/clock.ts'
import type { Environment } from '../../../src/config/sources.ts'

type Installation = Parameters<typeof userCommands>[0]

const nobody = () => Promise.reject(new Error('no test said that this command may ask anybody'))

/** What ships, but for those who are not there. */
export function gwhCommands(parts: Partial<Installation> = {}) {
  const absent = { receivers: nobody, cluster: nobody, operator: nobody, ui: nobody }
  return userCommands({ clock: systemClock, random: () => 0.5, ...absent, ...parts })
}

/** The program's commands for people as a shell runs them: exit code and both streams. */
export function gwhCommand(parts: Partial<Installation> = {}, env: Environment = {}) {
  const commands = gwhCommands(parts)
  return async (...args: string[]) => {
    const [out, err]: [string[], string[]] = [[], []]
    const streams = { out: (text: string) => void out.push(text), err: (text: string) => void err.push(text) }
    const code = await runCommand(args, commands, { env, version: '1.2.3', ...streams })
    return { code, out: out.join(''), err: err.join('') }
  }
}
