import { setTimeout as sleep } from 'node:timers/promises'

import { cpuMsOf } from '../process-cost.ts'
import type { ServerProcess } from '../server-process.ts'
import { sumOf, writesSince } from './api-server-writes.ts'
import { totalOf } from './exposition.ts'
import { countedResources, round, scrape, type Measuring } from './measuring.ts'
import { until } from './until.ts'

export interface SteadyState {
  resyncs: number
  kubernetesWrites: number
  /** Paged lists, and the calls that their pages took. */
  listsPerResync: number
  listCallsPerResync: number
  otherCalls: number
  /** The controller's processor time for one resync of one object. */
  cpuMsPerObject: number
  /** Of the controller that has taken over; after a garbage collection. */
  heapBytes: number
  rssMiB: number
}

const resyncs = 2
/** Webhooks to a page of the service's list. */
const listPageSize = 1_000
/** An object may come late to its resync by this factor. */
const resyncJitter = 1.25

/** A few resyncs in which nothing should happen. */
export async function measureSteadyState(controller: ServerProcess, plan: Measuring): Promise<SteadyState> {
  const { world, ready, resyncSeconds, progress } = plan
  // Who has just begun to lead looks at every object once; until then its resyncs have not begun.
  await until(async () => {
    const depth = totalOf(await scrape(controller), 'workqueue_depth')
    return depth === 0 ? undefined : { left: depth, what: `${depth} objects waited for the new leader` }
  })
  // The first resync may still fold in what the pings have told; what counts is the rest of the object's life.
  await sleep(resyncSeconds * 1000 * resyncJitter)
  progress(`${resyncs} resyncs of ${resyncSeconds} s`)
  const before = { ...(await world.counted()), cost: await controller.cost() }
  world.webhookService.resetCalls()
  await sleep(resyncs * resyncSeconds * 1000)
  const { writes } = await world.counted()
  const cost = await controller.cost()
  const { list, ...others } = world.webhookService.calls().counts
  return {
    resyncs,
    kubernetesWrites: sumOf(writesSince(before.writes, writes, countedResources)),
    listsPerResync: round(list.received / Math.ceil(ready.names.size / listPageSize) / resyncs),
    listCallsPerResync: list.received / resyncs,
    otherCalls: Object.values(others).reduce((sum, { received }) => sum + received, 0),
    cpuMsPerObject: round((cpuMsOf(cost) - cpuMsOf(before.cost)) / resyncs / ready.names.size),
    heapBytes: cost.heapBytes,
    rssMiB: Math.round(cost.residentBytes / 2 ** 20),
  }
}
