import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

import { podFlags } from '../tools/image/entrypoint.ts'

export interface ServerProcess {
  port: number
  /** What the process answers to a message; for programs that listen for some. */
  ask(question: string): Promise<unknown>
  /** Orderly; a process that does not end in time is killed. */
  stop(): Promise<void>
  /** SIGKILL: at once, whatever it was doing. */
  kill(): Promise<void>
}

const stopWithinMs = 20_000

/**
 * Starts a program that tells its port as its first message, in a process of its own with the flags and the heap of the
 * chart's pod: nothing is shared with whoever measures.
 */
export async function startServerProcess(
  program: URL,
  args: readonly string[] = [],
  execArgv: readonly string[] = [],
): Promise<ServerProcess> {
  const child = fork(fileURLToPath(program), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [...podFlags, ...execArgv],
  })
  const ended = once(child, 'exit')
  /** The next message; rejects when the process ends first. */
  const told = (): Promise<unknown> =>
    Promise.race([
      once(child, 'message').then(([message]: unknown[]) => message),
      ended.then(([code, signal]) => Promise.reject(new Error(`${program.pathname} ended with ${signal ?? code}`))),
    ])
  const { port } = (await told()) as { port: number }
  return {
    port,
    ask(question) {
      const answer = told()
      child.send(question)
      return answer
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
