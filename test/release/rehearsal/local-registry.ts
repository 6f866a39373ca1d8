import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'

import { eventually } from '../../support/measures/eventually.ts'

export interface LocalRegistry {
  /** host:port. */
  address: string
  stop(): Promise<void>
}

/**
 * A registry on loopback, on a port of its own, which forgets everything when it ends: the one that crane brings. It
 * notes each request in `log`; through a pipe it would wait for this process, which waits for those that ask it.
 */
export async function startLocalRegistry(crane: string, log: string): Promise<LocalRegistry> {
  const output = openSync(log, 'w')
  const child = spawn(crane, ['registry', 'serve', '--address', '127.0.0.1:0'], { stdio: ['ignore', output, output] })
  closeSync(output)
  const exited = once(child, 'exit')
  const port = await eventually('a registry that listens', () => {
    const said = readFileSync(log, 'utf8')
    if (child.exitCode !== null) throw new Error(`the registry ended before it listened:\n${said}`)
    return / serving on port (\d+)$/m.exec(said)?.[1]
  })
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      child.kill()
      await exited
    },
  }
}
