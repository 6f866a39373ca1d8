import type { IncomingHttpHeaders } from 'node:http'

/** One request that came in. */
export interface Arrival {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly atMs: number
  /** When the sender gave up waiting for our answer. */
  leftAtMs?: number
}

/** What an arrival is answered: a status with headers, or nothing at all. */
export type EndpointAnswer = { readonly status: number; readonly headers?: Readonly<Record<string, string>> } | 'none'

/** Where deliveries arrive, behind the public address that was given. */
export interface CalledEndpoint {
  /** The public URL of a path here. */
  url(path: string): string
  readonly arrivals: readonly Arrival[]
  /** From now on; `arrival` is in `arrivals` already. */
  answerWith(answer: (arrival: Arrival) => EndpointAnswer): void
}

export const accepted: EndpointAnswer = { status: 204 }

const pollMs = 100

/**
 * The first arrival that fits, looked for until `withinMs` are over; undefined where none came. `beforeEach` happens
 * before each look.
 */
export async function awaitArrival(
  {
    endpoint,
    clock,
    wait,
  }: { endpoint: CalledEndpoint; clock: { now(): number }; wait: (ms: number) => Promise<void> },
  fits: (arrival: Arrival) => boolean,
  withinMs: number,
): Promise<Arrival | undefined> {
  const untilMs = clock.now() + withinMs
  for (;;) {
    const arrival = endpoint.arrivals.find(fits)
    if (arrival !== undefined || clock.now() >= untilMs) return arrival
    await wait(pollMs)
  }
}
