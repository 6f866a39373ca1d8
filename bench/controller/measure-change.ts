import { setTimeout as sleep } from 'node:timers/promises'

import { cpuMsOf, type ProcessCost } from '../process-cost.ts'
import type { ServerProcess } from '../server-process.ts'
import { writesSince, type Writes } from './api-server-writes.ts'
import { countedResources, round, type Measuring } from './measuring.ts'

export interface Change {
  /** From its beginning to what it resolved with. */
  seconds: number
  controllerCpuMs: number
  apiServerCpuMs: number
  /** Of controller and receiver together, and of whoever made the change; Events and the Lease not counted. */
  writes: Writes
  /** The controller's, before it and when all of it has settled. */
  idle: ProcessCost
  last: ProcessCost
}

/** What a change costs until it has settled; `change` resolves with when it had its effect, by `performance.now()`. */
export async function measureChange(
  leader: ServerProcess,
  { world, settleSeconds }: Pick<Measuring, 'world' | 'settleSeconds'>,
  change: () => Promise<number>,
): Promise<Change> {
  const idle = await leader.cost()
  const before = await world.counted()
  const started = performance.now()
  const ended = await change()
  await sleep(settleSeconds * 1000)
  const last = await leader.cost()
  const after = await world.counted()
  return {
    seconds: round((ended - started) / 1000),
    controllerCpuMs: cpuMsOf(last) - cpuMsOf(idle),
    apiServerCpuMs: after.cpuMs - before.cpuMs,
    writes: writesSince(before.writes, after.writes, countedResources),
    idle,
    last,
  }
}
