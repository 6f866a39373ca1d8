import type { GeminiRouteStatus } from '../../api/route-status.ts'
import type { WorkingConfig } from '../config.ts'
import { conditionOf } from '../status/kubernetes-events.ts'
import { remainingMs } from './rest-of-route.ts'

interface Rest {
  awaitsOthers: boolean
  config: Pick<WorkingConfig, 'sinkRecheckMs'>
  nowMs: number
  /** When it is looked at again without a cause. */
  resyncMs: number
}

/** When a route is looked at again, if nothing changes: sooner where time alone changes what is told of it. Pure. */
export function nextLookMs(status: GeminiRouteStatus, { awaitsOthers, config, nowMs, resyncMs }: Rest): number {
  const due = [resyncMs]
  if (awaitsOthers) due.push(config.sinkRecheckMs)
  if (conditionOf(status, 'Reconciling') !== undefined) {
    for (const type of ['Accepted', 'SinksResolved']) {
      const before = conditionOf(status, type)
      const restMs = before?.status === 'False' ? remainingMs(before.reason, { before, awaitsOthers, nowMs }) : 0
      // A second more: times are told to the second.
      if (restMs > 0) due.push(restMs + 1_000)
    }
  }
  return Math.min(...due)
}
