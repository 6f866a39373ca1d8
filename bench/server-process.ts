import { fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

import { podFlags } from '../tools/image/entrypoint.ts'
import type { ProcessCost } from './process-cost.ts'
import { portIn, type StartedLine } from './started-line.ts'

export interface ServerProcess {
  port: number
  cost(): Promise<ProcessCost>
  /** Orderly; a process that does not end in time is killed. */
  stop(): Promise<void>
  /** SIGKILL: at once, whatever it was doing. */
  kill(): Promise<void>
}

interface ServerProgram {
  /** The file that Node runs. */
  path: string
  args?: readonly string[]
  /** More flags of Node. */
  execArgv?: readonly string[]
  /** A file for its standard output, JSON lines. */
  logPath: string
  started: StartedLine
}

const stopWithinMs = 20_000
const pollMs = 20
const measuredProcess = fileURLToPath(new URL('./measured-process.ts', import.meta.url))

/**
 * Starts a program in a process of its own with the flags and the heap of the chart's pod: nothing is shared with
 * whoever measures. Rejects when it ends before it serves.
 */
export async function startServerProcess(program: ServerProgram): Promise<ServerProcess> {
  const log = openSync(program.logPath, 'a')
  const child = fork(program.path, program.args, {
    stdio: ['ignore', log, 'inherit', 'ipc'],
    execArgv: [...podFlags, `--import=${measuredProcess}`, ...(program.execArgv ?? [])],
    // Without the settings that whoever measures may have in the environment.
    env: { NODE_OPTIONS: process.env['NODE_OPTIONS'] },
  })
  closeSync(log)
  const ended = once(child, 'exit')
  const hasEnded = () => child.exitCode !== null || child.signalCode !== null
  const early = () => new Error(`${program.path} ended with ${child.signalCode ?? child.exitCode}`)

  const serving = async (): Promise<number> => {
    for (;;) {
      const isLast = hasEnded()
      const text = readFileSync(program.logPath, 'utf8')
      const port = portIn(text, program.started)
      if (port !== undefined) return port
      if (isLast) throw new Error(`${early().message}: ${text.trimEnd().split('\n').at(-1)}`)
      await sleep(pollMs)
    }
  }

  return {
    port: await serving(),
    async cost() {
      if (!child.connected) throw early()
      const answer = once(child, 'message').then(([message]: unknown[]) => message as ProcessCost)
      child.send('cost')
      return Promise.race([answer, ended.then(() => Promise.reject(early()))])
    },
    async stop() {
      if (child.connected) child.disconnect()
      const late = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
      await ended
      clearTimeout(late)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
