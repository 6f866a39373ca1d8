import type { ServerProcess } from '../server-process.ts'
import type { BenchWorld } from './bench-world.ts'
import type { SizePlan } from './measure-size.ts'
import type { ProcessCost } from './process-cost.ts'
import type { ReadyObjects } from './ready-objects.ts'

/** What every part of a measurement works with. */
export interface Measuring extends SizePlan {
  world: BenchWorld
  ready: ReadyObjects
}

/** Everything that controller and receiver may write, but Events (best effort) and the Lease (time, not objects). */
export const countedResources = ['geminiwebhooks', 'geminiwebhooks/status', 'secrets', 'configmaps']

export async function costOf(controller: ServerProcess): Promise<ProcessCost> {
  return (await controller.ask('cost')) as ProcessCost
}

/** What a scrape of the controller sees. */
export async function scrape({ port }: ServerProcess): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  return answer.text()
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
