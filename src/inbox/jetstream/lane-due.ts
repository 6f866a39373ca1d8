import type { Lane, TrackedDelivery } from './tracked.ts'

/** When the lane's next delivery may be claimed here; undefined without one. Takes out what is outdated before it. */
export function headMsOf(lane: Lane): number | undefined {
  for (;;) {
    const first = lane.due.first
    if (first === undefined) return undefined
    if (first.item.version === first.item.delivery.version) return first.atMs
    lane.due.take()
  }
}

/**
 * Takes the lane's next delivery out of its queue, if it may be claimed now: the caller puts it back by whatever it
 * does with it.
 */
export function takeDue(lane: Lane, nowMs: number): TrackedDelivery | undefined {
  const headMs = headMsOf(lane)
  return headMs !== undefined && headMs <= nowMs ? lane.due.take()?.item.delivery : undefined
}
