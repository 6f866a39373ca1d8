import type { ServerProcess } from './server-process.ts'

interface ProcessCost {
  /** User and system time since the process started. */
  cpuMs: number
  residentBytes: number
}

/** In the process that is measured: answers a message. */
export function tellCost(): void {
  const { user, system } = process.cpuUsage()
  process.send?.({ cpuMs: (user + system) / 1000, residentBytes: process.memoryUsage.rss() } satisfies ProcessCost)
}

/** Asks a process that listens with `tellCost`. */
export async function costOf(server: ServerProcess): Promise<ProcessCost> {
  return (await server.ask('cost')) as ProcessCost
}
