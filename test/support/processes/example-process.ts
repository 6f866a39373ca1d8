import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'

import { eventually } from '../measures/eventually.ts'

interface ExampleCommand {
  command: readonly [string, ...string[]]
  cwd: string
  env: Readonly<Record<string, string>>
}

/** The program of an example, with all that it has printed. */
export class ExampleProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  #output = ''

  constructor({ command: [program, ...args], cwd, env }: ExampleCommand) {
    this.#child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.#output += text))
    }
  }

  get output(): string {
    return this.#output
  }

  /** What the pattern captures, once it is printed. */
  printed(pattern: RegExp): Promise<string> {
    return eventually(`it prints ${String(pattern)}`, () => {
      const found = pattern.exec(this.#output)?.[1]
      if (found === undefined && this.#child.exitCode !== null) return 'ended'
      return found
    }).then((found) => {
      if (found === 'ended') throw new Error(`it has ended:\n${this.#output}`)
      return found
    })
  }

  /** SIGKILL: nothing is finished. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    this.#child.kill('SIGKILL')
    await once(this.#child, 'exit')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
