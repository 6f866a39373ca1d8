import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

import { gwhEnvironment } from '../builders/gwh-environment.ts'
import { eventually } from '../measures/eventually.ts'

/** `gwh sandbox` as a newcomer starts it, a process of its own, with the address of its page. */
export class SandboxProcess implements AsyncDisposable {
  readonly #child: ChildProcess
  readonly #exited: Promise<void>
  readonly #lines: string[] = []
  /** Of the page, with its token. */
  readonly pageUrl: string

  private constructor(child: ChildProcess, exited: Promise<void>, lines: string[], pageUrl: string) {
    this.#child = child
    this.#exited = exited
    this.#lines = lines
    this.pageUrl = pageUrl
  }

  static async start(...flags: string[]): Promise<SandboxProcess> {
    const child = spawn(process.execPath, ['src/main.ts', 'sandbox', ...flags], {
      env: gwhEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const lines: string[] = []
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', (line) => lines.push(line))
    const find = () => lines.map((line) => /^Page\s+(\S+)/.exec(line)?.[1]).find((url) => url !== undefined)
    const hasEnded = () => child.exitCode !== null
    const pageUrl = await eventually('the address of the page', () => find() ?? (hasEnded() ? 'none' : undefined))
    if (pageUrl === 'none') throw new Error(`the sandbox has ended:\n${lines.slice(-20).join('\n')}`)
    return new SandboxProcess(child, exited, lines, pageUrl)
  }

  /** The last of what it printed, for messages. */
  describe(): string {
    return this.#lines.slice(-20).join('\n')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM')
    await this.#exited
  }
}
