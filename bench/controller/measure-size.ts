import { geminiWebhookKind } from '../../src/api/kind.ts'
import { startBenchWorld } from './bench-world.ts'
import { measureRollout, type Rollout } from './measure-rollout.ts'
import { measureSteadyState, type SteadyState } from './measure-steady-state.ts'
import { measureTakeover, type Takeover } from './measure-takeover.ts'
import { quickResyncs, type SizePlan } from './measuring.ts'
import { until } from './until.ts'
import { watchReadyObjects } from './ready-objects.ts'

export interface MeasuredSize extends Rollout {
  objects: number
  takeover: Takeover
  steady: SteadyState
}

/**
 * One fresh world, so many objects: from apply to all Ready under the first leader, with a standby in line; then edits
 * and a SIGKILL of the leader, until the standby has brought everything in order; then a few resyncs of it in which
 * nothing should happen.
 */
export async function measureSize(objects: number, plan: SizePlan): Promise<MeasuredSize> {
  const progress = (text: string) => plan.progress(`${objects} objects: ${text}`)
  progress('starting a control plane, a receiver and two controllers')
  await using own = new AsyncDisposableStack()
  const parts = plan.parts.use(own)
  const world = await startBenchWorld(plan.binaries, parts)
  const leader = await world.startController('leader', plan.controllerFlags)
  await until(async () => ((await world.leader()) === undefined ? { left: 1, what: 'no controller led' } : undefined))
  const standby = await world.startController('standby', [...plan.controllerFlags, ...quickResyncs(plan)])
  const ready = await watchReadyObjects(world.client, geminiWebhookKind)
  parts.defer(() => ready.stop())
  const measuring = { ...plan, progress, world, ready }
  const rollout = await measureRollout(objects, leader, measuring)
  const takeover = await measureTakeover(objects, leader, measuring)
  const steady = await measureSteadyState(standby, measuring)
  return { objects, ...rollout, takeover, steady }
}
