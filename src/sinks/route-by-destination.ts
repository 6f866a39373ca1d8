import type { Destination } from '../contract/keyring/entry.ts'
import type { Sink } from './port.ts'

/** One sink made of one for each type of destination. Closing it closes all of them. */
export function routeByDestination(sinks: Readonly<Record<Destination['type'], Sink>>): Sink {
  return {
    send: (delivery, signal) => sinks[delivery.sink.destination.type].send(delivery, signal),
    async close() {
      await Promise.all(Object.values(sinks).map((sink) => sink.close()))
    },
  }
}
