import { samplesOf } from './exposition.ts'

/** Writes that changed something, by `resource` or `resource/subresource`, since the API server started. */
export type Writes = Readonly<Record<string, number>>

const writeVerbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'])

/** Reads the API server's own counter: what really arrived, whoever sent it and whatever the sender believes. */
export function writesIn(exposition: string): Writes {
  const writes: Record<string, number> = {}
  for (const { labels, value } of samplesOf(exposition, 'apiserver_request_total')) {
    const { verb = '', code = '', resource = '', subresource = '', dry_run: dryRun = '' } = labels
    // A rehearsal of a write (`dryRun=All`) is answered like one and changes nothing.
    if (!writeVerbs.has(verb) || !code.startsWith('2') || dryRun !== '') continue
    const name = subresource === '' ? resource : `${resource}/${subresource}`
    writes[name] = (writes[name] ?? 0) + value
  }
  return writes
}

/** What came after `before`, of these resources. */
export function writesSince(before: Writes, after: Writes, resources: readonly string[]): Writes {
  return Object.fromEntries(resources.map((resource) => [resource, (after[resource] ?? 0) - (before[resource] ?? 0)]))
}

export function sumOf(writes: Writes): number {
  return Object.values(writes).reduce((sum, count) => sum + count, 0)
}
