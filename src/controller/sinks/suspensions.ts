import type { SinkSpec } from '../../api/sink.ts'
import type { SinkSuspension } from '../../contract/keyring/entry.ts'

/** As of a route or a sink. */
type Suspension = Pick<SinkSuspension, 'suspended' | 'resumedTime'>

/** What is wanted, what the receivers were told, and the time. */
interface Wish {
  isSuspended: boolean
  known: Suspension | undefined
  nowMs: number
}

/** What the receivers are to know: that it stands still, or since when it goes on. Pure. */
export function suspensionFor({ isSuspended, known, nowMs }: Wish): Suspension {
  const goesOn = known?.suspended === true && !isSuspended
  const resumedTime = goesOn ? new Date(nowMs).toISOString() : known?.resumedTime
  return { ...(isSuspended && { suspended: true as const }), ...(resumedTime !== undefined && { resumedTime }) }
}

/** Of all sinks that are suspended or were, in the order of the spec. Pure. */
export function suspensionsFor(
  sinks: readonly Pick<SinkSpec, 'name' | 'suspend'>[],
  known: readonly SinkSuspension[],
  nowMs: number,
): SinkSuspension[] {
  return sinks.flatMap(({ name, suspend }) => {
    const told = known.find(({ sink }) => sink === name)
    if (suspend !== true && told === undefined) return []
    return [{ sink: name, ...suspensionFor({ isSuspended: suspend === true, known: told, nowMs }) }]
  })
}
