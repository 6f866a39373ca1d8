import { isOk } from '../api.ts'
import { awaitArrival, type Arrival, type CalledEndpoint } from '../called-endpoint.ts'
import type { OwnWebhook } from '../own-webhooks.ts'
import { call, type Session } from '../session.ts'

/** A session with an endpoint, and a webhook that leads to it. */
export interface Receiving extends Session {
  readonly endpoint: CalledEndpoint
  readonly webhook: OwnWebhook
}

/** Pings cost nothing; one that does not come is asked for again. */
export const firstPingWithinMs = 30_000
export const pingEveryMs = 250

export async function ping(receiving: Receiving): Promise<void> {
  const answer = await call(receiving, receiving.webhook, ':ping')
  if (!isOk(answer)) throw new Error(`the service answered ${answer.status} to a ping`)
}

/** Pings until one arrives that fits; with the time at which that one was asked for. */
export async function pingUntil(receiving: Receiving, fits: (arrival: Arrival) => boolean) {
  const { clock, endpoint } = receiving
  const untilMs = clock.now() + firstPingWithinMs
  while (clock.now() < untilMs) {
    const [askedMs, before] = [clock.now(), endpoint.arrivals.length]
    await ping(receiving)
    const isNew = (arrival: Arrival) => endpoint.arrivals.indexOf(arrival) >= before && fits(arrival)
    const arrival = await awaitArrival(receiving, isNew, pingEveryMs)
    if (arrival !== undefined) return { arrival, askedMs }
  }
  return undefined
}
