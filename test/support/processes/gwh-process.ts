import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'

import { podFlags } from '../../../tools/image/entrypoint.ts'
import { eventually } from '../measures/eventually.ts'
import { gwhEnvironment } from '../builders/gwh-environment.ts'
import { recordLog } from '../measures/run-record.ts'

/** `msg` is what versions before logged as `message`. */
type LogLine = Readonly<Record<string, unknown>> & { message?: string; msg?: string }

const endedFirst: LogLine = {}

/**
 * A `gwh` role as its users run it: a process of its own, with the flags and the heap of the chart's pod, killed for
 * real.
 */
export class GwhProcess {
  readonly #child: ChildProcess
  readonly #exited: Promise<number | string>
  readonly lines: LogLine[] = []
  #stderr = ''

  /** `program`: the sources, unless it is built. */
  constructor(args: readonly string[], name: string, program = 'src/main.ts') {
    this.#child = spawn(process.execPath, [...podFlags, program, ...args], {
      env: gwhEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve(signal ?? code ?? 0))
    })
    const { stdout, stderr } = this.#child
    if (stdout === null || stderr === null) throw new Error('spawned without pipes')
    createInterface({ input: stdout }).on('line', (line) => {
      recordLog(name, `${line}\n`)
      this.lines.push(parse(line))
    })
    stderr.on('data', (chunk: Buffer) => {
      recordLog(name, chunk.toString())
      this.#stderr += chunk.toString()
    })
  }

  get pid(): number {
    const { pid } = this.#child
    if (pid === undefined) throw new Error('it was never started')
    return pid
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** What went wrong, for assertion messages. */
  describe(): string {
    const tail = this.lines.slice(-15).map((line) => JSON.stringify(line))
    return `exit ${this.#child.exitCode ?? this.#child.signalCode ?? 'none'}\n${tail.join('\n')}\n${this.#stderr.slice(-2000)}`
  }

  /**
   * Resolves with the first log line that fits, already written or to come; rejects when the process ends or
   * `timeoutMs` pass first.
   */
  async logged(message: string, { timeoutMs = 30_000 } = {}): Promise<LogLine> {
    const find = () => this.lines.find((line) => (line.message ?? line.msg) === message)
    const line = await eventually(`"${message}" in the log`, () => find() ?? (this.running ? undefined : endedFirst), {
      timeoutMs,
      intervalMs: 10,
    }).catch((cause: unknown) => {
      throw new Error(`"${message}" was not logged: ${this.describe()}`, { cause })
    })
    if (line === endedFirst) throw new Error(`ended before it logged "${message}": ${this.describe()}`)
    return line
  }

  /** SIGKILL: nothing in the process gets to run again. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** SIGTERM, then waits for the orderly end. Returns the exit code, or the signal that ended it. */
  async terminate(): Promise<number | string> {
    this.#child.kill('SIGTERM')
    return this.#exited
  }

  exited(): Promise<number | string> {
    return this.#exited
  }
}

function parse(line: string): LogLine {
  try {
    return JSON.parse(line) as LogLine
  } catch {
    return { message: line }
  }
}
