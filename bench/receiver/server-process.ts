import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export interface ServerProcess {
  port: number
  stop(): Promise<void>
}

/** Starts a program that tells its port as its first message, in a process of its own: nothing is shared with whoever measures. */
export async function startServerProcess(program: string, args: readonly string[] = []): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), args, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = once(child, 'exit')
  const told = await Promise.race([
    once(child, 'message').then(([message]) => message as { port: number }),
    ended.then(([code]) => Promise.reject(new Error(`${program} ended with ${code} before it served`))),
  ])
  return {
    port: told.port,
    async stop() {
      if (child.connected) child.disconnect()
      await ended
    },
  }
}
