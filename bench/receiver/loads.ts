import type { Driver } from '../delivery/drivers.ts'
import { measureClosedLoop } from './closed-loop.ts'
import type { Generator } from './measure-receiver.ts'
import { measureOpenLoop } from './open-loop.ts'

export interface Plan {
  rounds: number
  requestsPerRound: number
  warmUpRequests: number
  openLoopSeconds: number
}

/** One kind of load. */
export interface Load {
  readonly name: string
  readonly requestsPerRound: number
  readonly warmUpRequests: number
  readonly send: Generator
}

/**
 * Far more than one project sends, far less than the receiver can take: what matters here is how long an answer takes.
 */
const openLoopPerSecond = 1_000
/** JetStream syncs each event by itself: less of everything takes as long. */
const jetstreamShare = 0.2

/** What an inbox is measured with. */
export function loadsFor(inbox: Driver['name'], plan: Plan): Load[] {
  if (inbox === 'jetstream') return [closedLoop(64, plan, jetstreamShare)]
  return [...[16, 64, 256].map((connections) => closedLoop(connections, plan, 1)), openLoop(plan)]
}

function closedLoop(connections: number, { requestsPerRound, warmUpRequests }: Plan, share: number): Load {
  return {
    name: `${connections} connections`,
    requestsPerRound: requestsPerRound * share,
    warmUpRequests: warmUpRequests * share,
    send: (port, requests) => measureClosedLoop(port, requests, connections),
  }
}

function openLoop({ openLoopSeconds }: Plan): Load {
  return {
    name: `${openLoopPerSecond} a second, open loop`,
    requestsPerRound: openLoopPerSecond * openLoopSeconds,
    warmUpRequests: openLoopPerSecond,
    send: (port, requests) => measureOpenLoop(port, requests, openLoopPerSecond),
  }
}
