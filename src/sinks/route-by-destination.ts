import type { Sink, SinkInUse } from './port.ts'

/** One sink made of one for each type of destination. Closing it closes all of them. */
export function routeByDestination(sinks: Readonly<Record<SinkInUse['destination']['type'], Sink>>): Sink {
  return {
    send: (delivery, signal) => sinks[delivery.sink.destination.type].send(delivery, signal),
    async close() {
      await Promise.all(Object.values(sinks).map((sink) => sink.close()))
    },
  }
}
