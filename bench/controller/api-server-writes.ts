/** Writes that changed something, by `resource` or `resource/subresource`, since the API server started. */
export type Writes = Readonly<Record<string, number>>

const writeVerbs = new Set(['POST', 'PUT', 'PATCH', 'APPLY', 'DELETE'])
const sample = /^apiserver_request_total\{(.*)\} (\S+)$/
const label = /(\w+)="([^"]*)"/g

/** Reads the API server's own counter: what really arrived, whoever sent it and whatever the sender believes. */
export function writesIn(exposition: string): Writes {
  const writes: Record<string, number> = {}
  for (const line of exposition.split('\n')) {
    const [, labelText = '', value] = sample.exec(line) ?? []
    if (value === undefined) continue
    const { verb = '', code = '', resource = '', subresource = '' } = labelsIn(labelText)
    if (!writeVerbs.has(verb) || !code.startsWith('2')) continue
    const name = subresource === '' ? resource : `${resource}/${subresource}`
    writes[name] = (writes[name] ?? 0) + Number(value)
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

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries([...text.matchAll(label)].map(([, name = '', value = '']) => [name, value]))
}
