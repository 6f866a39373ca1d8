import type { SinkSpec } from '../../api/sink.ts'

/** Names of Services in the sinks themselves, dead letters included. */
export function serviceNamesIn(sinks: readonly SinkSpec[]): string[] {
  const names = sinks.flatMap(({ service, deadLetter }) => [service?.name, deadLetter?.service?.name])
  return names.filter((name) => name !== undefined)
}
