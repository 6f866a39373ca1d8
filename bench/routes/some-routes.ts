import { randomUUID } from 'node:crypto'

import { keyringEntrySchema, type KeyringEntry, type SinkFilter } from '../../src/contract/keyring/entry.ts'

/** What the events of the benchmark were started with. */
export const metadata = { team: 'search', job_group: 'nightly-2026-11-30' }
const mostMatching = 3

/** How many of so many routes match each event. */
export function matchingOf(routes: number): number {
  return Math.min(routes, mostMatching)
}

/** So many routes on a webhook, each in a namespace of its own with one sink; the first few match each event. */
export function someRoutes(webhook: KeyringEntry, routes: number): KeyringEntry[] {
  const { uid, namespace, name, sinks } = webhook
  return Array.from({ length: routes }, (_, at) =>
    keyringEntrySchema.parse({
      uid: randomUUID(),
      namespace: `team-${at}`,
      name: 'jobs',
      secrets: [],
      sinks,
      route: {
        webhookUid: uid,
        webhook: { namespace, name },
        since: '2026-11-01T00:00:00Z',
        filter: at < matchingOf(routes) ? matching : missing(at),
      },
    }),
  )
}

const matching: SinkFilter = {
  typesExact: ['batch.succeeded'],
  typesPrefix: [],
  metadataExact: { team: metadata.team },
  metadataPrefix: { job_group: 'nightly-' },
}

/** Other teams ask for the same types, for other types, or for a kind of them. */
function missing(at: number): SinkFilter {
  const ofTeam = { metadataExact: { team: `team-${at}` } }
  const filters = [
    { typesExact: ['batch.succeeded'], typesPrefix: [], ...ofTeam },
    { typesExact: ['video.generated', 'batch.failed'], typesPrefix: [] },
    { typesExact: [], typesPrefix: ['batch.'], ...ofTeam },
  ]
  return filters[at % filters.length] ?? matching
}
