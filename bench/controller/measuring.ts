import type { ControlPlaneBinaries } from '../../test/control-plane/find-control-plane.ts'
import type { ServerProcess } from '../server-process.ts'
import type { BenchWorld } from './bench-world.ts'
import type { ReadyObjects } from './ready-objects.ts'

/** What is measured. */
export interface SizePlan {
  binaries: ControlPlaneBinaries
  /** What leader and standby are started with. */
  controllerFlags: readonly string[]
  /** The standby's, so that several fit into the time; the leader has the default. */
  resyncSeconds: number
  /** For what is still on its way when the last object turns Ready: reports, Events, a status that follows. */
  settleSeconds: number
  edits: number
  progress: (text: string) => void
  /** What ends with the whole benchmark, if it ends early. */
  parts: AsyncDisposableStack
}

/** What every part of a measurement works with. */
export interface Measuring extends SizePlan {
  world: BenchWorld
  ready: ReadyObjects
}

/** Everything that controller and receiver may write, but Events (best effort) and the Lease (time, not objects). */
export const countedResources = [
  'geminiwebhooks',
  'geminiwebhooks/status',
  'geminiroutes',
  'geminiroutes/status',
  'secrets',
  'configmaps',
]

/** Flags of a controller whose resyncs are measured. */
export function quickResyncs({ resyncSeconds }: Pick<SizePlan, 'resyncSeconds'>): readonly string[] {
  return [`--resync-interval=${resyncSeconds}s`, `--confirm-interval=${Math.min(60, resyncSeconds - 1)}s`]
}

/** What a scrape of the controller sees. */
export async function scrape({ port }: ServerProcess): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`)
  return answer.text()
}

export function round(value: number): number {
  return Math.round(value * 100) / 100
}
